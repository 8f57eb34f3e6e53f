#include "model/byte_reader.h"

#include <fmt/format.h>

#include "core/error.h"

namespace scale::model {

std::span<const std::byte> ByteReader::take_bytes(std::uint64_t count, std::string_view what) {
    if (count > remaining())
        throw core::input_error(
            fmt::format("{}: the file ends at byte {} inside {}", source_, bytes_.size(), what),
            fmt::format("{} bytes from byte {} on", count, offset_),
            "the file is cut short or damaged; copy or download it again and compare its size with the source's");
    const auto taken = bytes_.subspan(offset_, count);
    offset_ += count;
    return taken;
}

std::string_view ByteReader::take_text(std::string_view what) {
    const auto length = take<std::uint64_t>(what);
    const auto raw = take_bytes(length, what);
    return {reinterpret_cast<const char*>(raw.data()), raw.size()};
}

void ByteReader::fail(const std::string& found, const std::string& expected) const {
    throw core::input_error(
        fmt::format("{}: at byte {}: {}", source_, offset_, found), expected,
        "the file is damaged or cut short: copy or download it again, or convert the model anew with llama.cpp");
}

}  // namespace scale::model
