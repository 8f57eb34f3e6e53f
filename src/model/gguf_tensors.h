// The tensor list of a GGUF file.
#pragma once

#include <cstdint>
#include <vector>

#include "model/byte_reader.h"
#include "model/gguf.h"

namespace scale::model {

// Reads `count` tensor infos; offsets are still relative to the data section. Throws an input error for a count that
// the remaining bytes cannot hold, an unusable or repeated name, more than 4 dimensions, an empty dimension, an unknown
// type, a row that is no multiple of the type's block, and a size that overflows 63 bits.
std::vector<TensorInfo> read_tensors(ByteReader& reader, std::uint64_t count);

// Makes the offsets absolute. The data section starts at the next multiple of `alignment`; each tensor must start where
// the one before it ended, rounded up to the alignment (the engine accepts nothing else), and end inside the file.
void place_tensors(const ByteReader& reader, std::uint64_t alignment, std::vector<TensorInfo>& tensors);

}  // namespace scale::model
