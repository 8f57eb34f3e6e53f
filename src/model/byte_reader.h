// Reads little-endian values from a span, never past its end.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace scale::model {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in the file");

class ByteReader {
  public:
    // `source` names the file in errors.
    ByteReader(std::span<const std::byte> bytes, std::string source) : bytes_(bytes), source_(std::move(source)) {}

    std::uint64_t offset() const { return offset_; }
    std::uint64_t remaining() const { return bytes_.size() - offset_; }
    const std::string& source() const { return source_; }

    // `what` is the value's name in the error for a file that ends too early.
    template <typename T>
    T take(std::string_view what) {
        T value;
        const auto raw = take_bytes(sizeof value, what);
        std::memcpy(&value, raw.data(), sizeof value);
        return value;
    }

    std::span<const std::byte> take_bytes(std::uint64_t count, std::string_view what);

    // A 64-bit length and that many bytes; the view lives as long as the bytes.
    std::string_view take_text(std::string_view what);

    // Throws an input error: source, where, what was found; and a next step for the user.
    [[noreturn]] void fail(const std::string& found, const std::string& expected) const;

  private:
    std::span<const std::byte> bytes_;
    std::uint64_t offset_ = 0;
    std::string source_;
};

}  // namespace scale::model
