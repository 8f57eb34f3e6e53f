// The kinds of quantised linear layers that GPU servers load, as tensors of a Hugging Face checkpoint.
//
// W is N × K (outputs × inputs), in groups of `group` inputs (G of them). pf = 32 / bits codes share a 32-bit word,
// lowest bits first.
//
//   gptq         qweight I32 [K/pf, N], a word holds pf consecutive k · qzeros I32 [G, N/pf], zero − 1 · scales F16 [G,
//   N]
//                · g_idx I32 [K] = k / group. Symmetric. Layout "v1" (checkpoint_format gptq), which every reader
//                takes.
//   awq          qweight I32 [K, N/8], nibble i of word c is column 8c + {0,2,4,6,1,3,5,7}[i] · qzeros I32 [G, N/8]
//   likewise
//                · scales F16 [G, N]. Asymmetric.
//   w4a16        weight_packed I32 [N, K/8] · weight_scale [N, G] in the model's type · weight_shape I64 [2] = N, K.
//   w4a16-asym   and weight_zero_point I32 [N/8, G], packed along N.
//   w8a8         weight I8 [N, K] = code − 128 · weight_scale [N, 1]; activations are quantised by the server, per
//   token.
//
// Sources: AutoAWQ (modules/linear/gemm.py, utils/packing_utils.py), GPTQModel (nn_modules/qlinear), compressed-tensors
// (compressors/pack_quantized, naive_quantized), and vLLM's loaders of the three.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/safetensors/element_type.h"
#include "quantize/uniform/uniform_rounding.h"

namespace scale::quantize {

struct CheckpointFormat {
    enum class Layout { gptq, awq, pack_quantized, int_quantized };

    std::string_view name;  // "w4a16"
    Layout layout;
    int bits;
    bool symmetric;

    bool per_row() const { return layout == Layout::int_quantized; }  // one group: the whole row
};

const std::vector<CheckpointFormat>& checkpoint_formats();

// nullptr where there is none of that name.
const CheckpointFormat* find_checkpoint_format(std::string_view name);

// The grid that the format has in a model whose weights are of type `model_type` (F16, BF16 or F32). group is ignored
// where the format has one scale a row.
UniformGrid grid_of(const CheckpointFormat& format, int group, model::Element model_type);

// One tensor of a packed layer; its name is the module's, a dot, and the suffix.
struct PackedTensor {
    std::string suffix;  // "qweight"
    model::Element type = model::Element::i32;
    std::vector<std::uint64_t> shape;
    std::vector<std::byte> bytes;  // empty in a declaration
};

// What pack() will give for a matrix of that shape, without the bytes.
std::vector<PackedTensor> packed_layout(const CheckpointFormat& format, int rows, int columns, int group,
                                        model::Element model_type);

// Rows in the checkpoint's order. Throws an input error where rows or columns are no multiple of what the layout needs
// (shape_fault()), or a code or zero point does not fit its bits.
std::vector<PackedTensor> pack(const CheckpointFormat& format, const UniformMatrix& matrix, model::Element model_type);

// Why a matrix of that shape cannot be stored so; "" where it can.
std::string shape_fault(const CheckpointFormat& format, std::uint64_t rows, std::uint64_t columns, int group);

// The way back, written from the layouts above and not from the packers. Throws an input error where tensors are
// missing, have another type or shape, or (gptq) g_idx is not k / group.
UniformMatrix unpack(const CheckpointFormat& format, const std::vector<PackedTensor>& tensors, int rows, int columns,
                     int group);

}  // namespace scale::quantize
