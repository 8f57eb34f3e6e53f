// The key-value part of a GGUF file.
#pragma once

#include <map>
#include <string>

#include "model/byte_reader.h"
#include "model/gguf.h"

namespace scale::model {

using GgufMetadata = std::map<std::string, GgufValue, std::less<>>;

// Reads `count` pairs. Throws an input error for a count that the remaining bytes cannot hold, an empty, repeated or
// unprintable key, an unknown value type, an array of arrays, a boolean other than 0 or 1, and text that is not UTF-8
// (texts inside arrays may be any bytes: tokenizers hold pieces of characters there).
GgufMetadata read_metadata(ByteReader& reader, std::uint64_t count);

// The numbers of the value types.
namespace gguf_type {
inline constexpr std::uint32_t uint8 = 0, int8 = 1, uint16 = 2, int16 = 3, uint32 = 4, int32 = 5, float32 = 6,
                               boolean = 7, text = 8, array = 9, uint64 = 10, int64 = 11, float64 = 12;
}  // namespace gguf_type

// A name that can be shown and that the engine's C strings can hold: UTF-8 without control characters, not empty.
bool is_usable_name(std::string_view name);

// The name for error messages, whatever bytes it holds: cut to 64 bytes, what is not printable ASCII as '?'.
std::string shown(std::string_view name);

}  // namespace scale::model
