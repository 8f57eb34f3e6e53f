// ggml tensor types: their numbers in a GGUF file, block lengths and bytes.
// Source: the GGUF specification (ggml docs/gguf.md) and the type list of ggml.h at the pinned engine version.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace scale::model {

struct TensorType {
    std::uint32_t id;       // as stored in GGUF
    std::string_view name;  // "Q4_K"
    std::uint32_t block;    // weights per block; rows are multiples of it
    std::uint32_t bytes;    // per block
    double bits_per_weight() const { return 8.0 * bytes / block; }
};

// nullptr where the number or the name (any case) is unknown.
const TensorType* tensor_type(std::uint32_t id);
const TensorType* tensor_type(std::string_view name);

}  // namespace scale::model
