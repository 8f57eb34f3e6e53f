// The byte layouts of the codebook types. Multi-byte numbers are little-endian; bits are counted from the least
// significant.
#include <bit>
#include <cstring>
#include <string>

#include "core/error.h"
#include "quantize/grid/codebook.h"

namespace scale::quantize {

namespace {

using Octets = std::span<const StoredOctet>;

void put16(std::byte*& out, unsigned value) {
    *out++ = static_cast<std::byte>(value & 0xff);
    *out++ = static_cast<std::byte>(value >> 8 & 0xff);
}

void put32(std::byte*& out, std::uint32_t value) {
    put16(out, value & 0xffff);
    put16(out, value >> 16);
}

// s_k = 1 + 2 · stored, of four bits.
unsigned stored_scale(const Scales& scales, std::size_t k) {
    return static_cast<unsigned>(scales.s[k] - 1) / 2 & 15;
}

// Bytes with the scales of two neighbouring sub-blocks, the first in the low half.
void put_scale_nibbles(std::byte*& out, const Scales& scales, std::size_t count) {
    for (std::size_t k = 0; k < count; k += 2)
        *out++ = static_cast<std::byte>(stored_scale(scales, k) | stored_scale(scales, k + 1) << 4);
}

// Four times seven signs and the scale of 32 weights in one word.
std::uint32_t signs_and_scale(Octets octets, const Scales& scales, std::size_t k) {
    std::uint32_t word = stored_scale(scales, k) << 28;
    for (std::size_t l = 0; l < 4; ++l) word |= static_cast<std::uint32_t>(octets[4 * k + l].signs & 127) << (7 * l);
    return word;
}

void pack_iq2_xxs(const Scales& scales, Octets octets, std::byte* out) {
    for (std::size_t k = 0; k < 8; ++k) {
        for (std::size_t l = 0; l < 4; ++l) *out++ = static_cast<std::byte>(octets[4 * k + l].entry[0]);
        put32(out, signs_and_scale(octets, scales, k));
    }
}

void pack_iq2_xs(const Scales& scales, Octets octets, std::byte* out) {
    for (const StoredOctet& each : octets) put16(out, each.entry[0] | static_cast<unsigned>(each.signs & 127) << 9);
    put_scale_nibbles(out, scales, 16);
}

void pack_iq2_s(const Scales& scales, Octets octets, std::byte* out) {
    for (const StoredOctet& each : octets) *out++ = static_cast<std::byte>(each.entry[0] & 255);
    for (const StoredOctet& each : octets) *out++ = static_cast<std::byte>(each.signs);
    for (std::size_t k = 0; k < 8; ++k) {  // the two high bits of four entries
        unsigned high = 0;
        for (std::size_t l = 0; l < 4; ++l) high |= static_cast<unsigned>(octets[4 * k + l].entry[0] >> 8) << (2 * l);
        *out++ = static_cast<std::byte>(high);
    }
    put_scale_nibbles(out, scales, 16);
}

void put_low_entries(std::byte*& out, Octets octets) {
    for (const StoredOctet& each : octets)
        for (const std::uint16_t entry : each.entry) *out++ = static_cast<std::byte>(entry & 255);
}

void pack_iq3_xxs(const Scales& scales, Octets octets, std::byte* out) {
    put_low_entries(out, octets);
    for (std::size_t k = 0; k < 8; ++k) put32(out, signs_and_scale(octets, scales, k));
}

void pack_iq3_s(const Scales& scales, Octets octets, std::byte* out) {
    put_low_entries(out, octets);
    for (std::size_t k = 0; k < 8; ++k) {  // the ninth bit of eight entries
        unsigned high = 0;
        for (std::size_t i = 0; i < 8; ++i) high |= static_cast<unsigned>(octets[4 * k + i / 2].entry[i % 2] >> 8) << i;
        *out++ = static_cast<std::byte>(high);
    }
    for (const StoredOctet& each : octets) *out++ = static_cast<std::byte>(each.signs);
    put_scale_nibbles(out, scales, 8);
}

StoredOctet stored(const Grid& grid, const Codebook& book, const std::uint8_t* codes) {
    StoredOctet result;
    std::array<std::uint8_t, octet> magnitudes{};
    const int half = grid.codes / 2;
    for (std::size_t j = 0; j < octet; ++j) {
        const bool negative = codes[j] >= half;
        magnitudes[j] = static_cast<std::uint8_t>(codes[j] - (negative ? half : 0));
        if (codes[j] >= grid.codes)
            throw core::input_error(std::string(grid.type) + " has no code " + std::to_string(codes[j]));
        result.signs = static_cast<std::uint8_t>(result.signs | static_cast<unsigned>(negative) << j);
    }
    for (int g = 0; g < octet / book.group; ++g) {
        const std::int16_t entry = book.entry_of[book.key_of(magnitudes.data() + g * book.group)];
        if (entry < 0) throw core::input_error("codes that no entry of " + std::string(grid.type) + " has together");
        result.entry[static_cast<std::size_t>(g)] = static_cast<std::uint16_t>(entry);
    }
    if (book.even_signs && std::popcount(result.signs) % 2 != 0)
        throw core::input_error("an odd number of minus signs in eight codes of " + std::string(grid.type));
    return result;
}

}  // namespace

void pack_octets(const Grid& grid, const Scales& scales, Octets octets, std::byte* out) {
    put16(out, scales.d);
    if (grid.type == "IQ3_S") return pack_iq3_s(scales, octets, out);
    if (grid.type == "IQ3_XXS") return pack_iq3_xxs(scales, octets, out);
    if (grid.type == "IQ2_S") return pack_iq2_s(scales, octets, out);
    if (grid.type == "IQ2_XS") return pack_iq2_xs(scales, octets, out);
    return pack_iq2_xxs(scales, octets, out);
}

void pack_codebook(const Grid& grid, const Scales& scales, std::span<const std::uint8_t> codes, std::byte* out) {
    const Codebook& book = codebook_of(grid);
    std::array<StoredOctet, max_superblock / octet> octets;
    for (std::size_t i = 0; i < octets.size(); ++i) octets[i] = stored(grid, book, codes.data() + i * octet);
    pack_octets(grid, scales, octets, out);
}

}  // namespace scale::quantize
