// The tensors of a model: their names in Hugging Face and in GGUF, their shapes, and what changes on the way.
//
// Names: llama.cpp's gguf-py/gguf/tensor_mapping.py. Rows of q and k: the engine rotates neighbouring components of a
// head, transformers component i together with i + head size / 2, so that row 2·i + j of a head in GGUF is row
// i + j · head size / 2 of that head in Hugging Face. It touches rows only: statistics and scales of input columns
// carry over unchanged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/huggingface/architecture.h"

namespace scale::model {

struct MappedTensor {
    std::string name;                  // in GGUF: "blk.0.attn_q.weight"
    std::vector<std::string> sources;  // in the folder; several are experts, stacked in this order
    std::vector<std::uint64_t> shape;  // of each source, outermost first
    std::uint64_t head_size = 0;       // rows are permuted inside heads of this many; 0: they are not
    bool plus_one = false;             // GGUF holds the weight + 1
    bool as_float = false;             // GGUF holds F32 whatever the source has: norms, biases, routers
};

// Every tensor of the model, the head only where it is not tied to the embedding (`tied_head` is set).
std::vector<MappedTensor> map_tensors(const Architecture& architecture);

// The row of the Hugging Face tensor that is row `row` of the GGUF tensor.
inline std::uint64_t source_row(std::uint64_t row, std::uint64_t head_size) {
    if (head_size == 0) return row;
    const std::uint64_t within = row % head_size;
    return row - within + within / 2 + (within % 2) * (head_size / 2);
}

}  // namespace scale::model
