// CRC-32C (Castagnoli; polynomial 0x1edc6f41 reflected, initial value and final exclusive-or all ones: RFC 3720 §12.1).
#pragma once

#include <cstdint>
#include <string_view>

namespace scale::record {

std::uint32_t crc32c(std::string_view bytes);
// The same without the processor's instruction, for processors that lack it.
std::uint32_t crc32c_by_tables(std::string_view bytes);

}  // namespace scale::record
