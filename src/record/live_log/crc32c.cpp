#include "record/live_log/crc32c.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace scale::record {

namespace {

static_assert(std::endian::native == std::endian::little, "the eight-byte step reads little-endian words");

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

// tables[k][b] is the CRC of byte b followed by k zero bytes, so that eight bytes are done by eight look-ups
// (Kounavis and Berry, "Novel table lookup-based algorithms for high-performance CRC generation", 2008).
constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
        tables[0][byte] = crc;
    }
    for (std::size_t k = 1; k < 8; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[k - 1][byte];
            tables[k][byte] = (before >> 8) ^ tables[0][before & 0xff];
        }
    return tables;
}

constexpr Tables tables = make_tables();

#if defined(__x86_64__)

// The instruction computes this very polynomial, eight bytes in a cycle or so.
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_instruction(std::string_view bytes) {
    std::uint64_t crc = 0xffffffffu;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        crc = __builtin_ia32_crc32di(crc, word);
        bytes.remove_prefix(8);
    }
    auto rest = static_cast<std::uint32_t>(crc);
    for (const char c : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(c));
    return ~rest;
}

bool has_instruction() {
    static const bool found = __builtin_cpu_supports("sse4.2") != 0;
    return found;
}

#else

std::uint32_t crc32c_by_instruction(std::string_view) {
    return 0;
}
bool has_instruction() {
    return false;
}

#endif

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
    return has_instruction() ? crc32c_by_instruction(bytes) : crc32c_by_tables(bytes);
}

std::uint32_t crc32c_by_tables(std::string_view bytes) {
    std::uint32_t crc = 0xffffffffu;
    while (bytes.size() >= 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), 8);
        word ^= crc;
        crc = 0;
        for (std::size_t k = 0; k < 8; ++k) crc ^= tables[7 - k][(word >> (8 * k)) & 0xff];
        bytes.remove_prefix(8);
    }
    for (const char c : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ static_cast<unsigned char>(c)) & 0xff];
    return ~crc;
}

}  // namespace scale::record
