// The byte layouts. Multi-byte numbers are little-endian; bits are counted from the least significant.
#include <cstring>

#include "core/error.h"
#include "quantize/grid/codebook.h"
#include "quantize/grid/grid.h"

namespace scale::quantize {

namespace {

using Codes = std::span<const std::uint8_t>;

void put16(std::byte*& out, std::uint16_t value) {
    *out++ = static_cast<std::byte>(value & 0xff);
    *out++ = static_cast<std::byte>(value >> 8);
}

// 16 bytes: code j in the low half of byte j, code j + 16 in the high half.
void put_nibbles32(std::byte*& out, const std::uint8_t* codes) {
    for (int j = 0; j < 16; ++j) *out++ = static_cast<std::byte>((codes[j] & 15) | (codes[j + 16] & 15) << 4);
}

// Bit j of a 32-bit word is bit 4 of code j.
void put_fifth_bits32(std::byte*& out, const std::uint8_t* codes) {
    std::uint32_t bits = 0;
    for (int j = 0; j < 32; ++j) bits |= static_cast<std::uint32_t>(codes[j] >> 4 & 1) << j;
    std::memcpy(out, &bits, 4);
    out += 4;
}

void pack_32(const Grid& grid, const Scales& scales, Codes codes, std::byte* out) {
    put16(out, scales.d);
    if (grid.min_high < 0) put16(out, scales.dmin);
    if (grid.codes == 255) {
        for (int j = 0; j < 32; ++j) *out++ = static_cast<std::byte>(static_cast<std::int8_t>(codes[j] - grid.zero));
        return;
    }
    if (grid.codes == 32) put_fifth_bits32(out, codes.data());
    put_nibbles32(out, codes.data());
}

// 12 bytes for eight 6-bit scales and eight 6-bit minima: the first four of each whole in the low six bits of bytes 0–3
// and 4–7; the others' low four bits in bytes 8–11, their high two bits on top of bytes 0–3 (scales) and 4–7 (minima).
void put_scales_and_minima(std::byte*& out, const Scales& scales) {
    std::uint8_t bytes[12] = {};
    for (std::size_t k = 0; k < 4; ++k) {
        const auto s = static_cast<unsigned>(scales.s[k]), m = static_cast<unsigned>(scales.m[k]);
        const auto later_s = static_cast<unsigned>(scales.s[k + 4]), later_m = static_cast<unsigned>(scales.m[k + 4]);
        bytes[k] = static_cast<std::uint8_t>(s | (later_s >> 4) << 6);
        bytes[k + 4] = static_cast<std::uint8_t>(m | (later_m >> 4) << 6);
        bytes[k + 8] = static_cast<std::uint8_t>((later_s & 15) | (later_m & 15) << 4);
    }
    std::memcpy(out, bytes, sizeof bytes);
    out += sizeof bytes;
}

// Groups of 64: the low half of byte l holds code l of the first 32, the high half that of the second 32.
void put_nibbles64(std::byte*& out, Codes codes) {
    for (std::size_t group = 0; group < 256; group += 64)
        for (std::size_t l = 0; l < 32; ++l)
            *out++ = static_cast<std::byte>((codes[group + l] & 15) | (codes[group + l + 32] & 15) << 4);
}

void pack_q4_k(const Scales& scales, Codes codes, std::byte* out) {
    put16(out, scales.d);
    put16(out, scales.dmin);
    put_scales_and_minima(out, scales);
    put_nibbles64(out, codes);
}

void pack_q5_k(const Scales& scales, Codes codes, std::byte* out) {
    put16(out, scales.d);
    put16(out, scales.dmin);
    put_scales_and_minima(out, scales);
    for (std::size_t l = 0; l < 32; ++l) {  // bit b of byte l: fifth bit of code 32·b + l
        unsigned bits = 0;
        for (std::size_t b = 0; b < 8; ++b) bits |= static_cast<unsigned>(codes[32 * b + l] >> 4 & 1) << b;
        *out++ = static_cast<std::byte>(bits);
    }
    put_nibbles64(out, codes);
}

void pack_q6_k(const Scales& scales, Codes codes, std::byte* out) {
    for (std::size_t half = 0; half < 256; half += 128)
        for (std::size_t l = 0; l < 64; ++l)
            *out++ = static_cast<std::byte>((codes[half + l] & 15) | (codes[half + l + 64] & 15) << 4);
    for (std::size_t half = 0; half < 256; half += 128)
        for (std::size_t l = 0; l < 32; ++l) {
            unsigned bits = 0;
            for (std::size_t q = 0; q < 4; ++q) bits |= static_cast<unsigned>(codes[half + 32 * q + l] >> 4) << (2 * q);
            *out++ = static_cast<std::byte>(bits);
        }
    for (std::size_t k = 0; k < 16; ++k) *out++ = static_cast<std::byte>(static_cast<std::int8_t>(scales.s[k]));
    put16(out, scales.d);
}

// Two-bit codes of Q2_K and the low two bits of Q3_K: in each half of 128, byte l holds codes l, l + 32, l + 64, l
// + 96.
void put_crumbs(std::byte*& out, Codes codes) {
    for (std::size_t half = 0; half < 256; half += 128)
        for (std::size_t l = 0; l < 32; ++l) {
            unsigned bits = 0;
            for (std::size_t q = 0; q < 4; ++q) bits |= static_cast<unsigned>(codes[half + 32 * q + l] & 3) << (2 * q);
            *out++ = static_cast<std::byte>(bits);
        }
}

void pack_q3_k(const Scales& scales, Codes codes, std::byte* out) {
    for (std::size_t l = 0; l < 32; ++l) {  // bit b of byte l: third bit of code 32·b + l
        unsigned bits = 0;
        for (std::size_t b = 0; b < 8; ++b) bits |= static_cast<unsigned>(codes[32 * b + l] >> 2 & 1) << b;
        *out++ = static_cast<std::byte>(bits);
    }
    put_crumbs(out, codes);
    // Sixteen 6-bit scales, stored + 32: low four bits of k and k + 8 share byte k; the high two bits of k, k + 4, k +
    // 8, k + 12 share byte 8 + k.
    std::uint8_t bytes[12] = {};
    for (std::size_t k = 0; k < 16; ++k) {
        const auto stored = static_cast<unsigned>(scales.s[k] + 32);
        bytes[k % 8] = static_cast<std::uint8_t>(bytes[k % 8] | (stored & 15) << (k < 8 ? 0 : 4));
        bytes[8 + k % 4] = static_cast<std::uint8_t>(bytes[8 + k % 4] | (stored >> 4) << (2 * (k / 4)));
    }
    std::memcpy(out, bytes, sizeof bytes);
    out += sizeof bytes;
    put16(out, scales.d);
}

void pack_q2_k(const Scales& scales, Codes codes, std::byte* out) {
    for (std::size_t k = 0; k < 16; ++k) *out++ = static_cast<std::byte>(scales.s[k] | scales.m[k] << 4);
    put_crumbs(out, codes);
    put16(out, scales.d);
    put16(out, scales.dmin);
}

void pack_iq4_xs(const Scales& scales, Codes codes, std::byte* out) {
    put16(out, scales.d);
    unsigned high = 0;
    std::uint8_t low[4] = {};
    for (std::size_t k = 0; k < 8; ++k) {
        const auto stored = static_cast<unsigned>(scales.s[k] + 32);
        high |= (stored >> 4) << (2 * k);
        low[k / 2] = static_cast<std::uint8_t>(low[k / 2] | (stored & 15) << (4 * (k % 2)));
    }
    put16(out, static_cast<std::uint16_t>(high));
    std::memcpy(out, low, sizeof low);
    out += sizeof low;
    for (std::size_t k = 0; k < 8; ++k) put_nibbles32(out, codes.data() + 32 * k);
}

}  // namespace

void pack(const Grid& grid, const Scales& scales, Codes codes, std::byte* out) {
    if (codes.size() != static_cast<std::size_t>(grid.superblock))
        throw core::input_error("a superblock of " + std::string(grid.type) + " takes " +
                                std::to_string(grid.superblock) + " codes, not " + std::to_string(codes.size()));
    if (grid.has_codebook()) return pack_codebook(grid, scales, codes, out);
    if (grid.superblock == 32) return pack_32(grid, scales, codes, out);
    if (grid.type == "Q4_K") return pack_q4_k(scales, codes, out);
    if (grid.type == "Q5_K") return pack_q5_k(scales, codes, out);
    if (grid.type == "Q6_K") return pack_q6_k(scales, codes, out);
    if (grid.type == "Q3_K") return pack_q3_k(scales, codes, out);
    if (grid.type == "Q2_K") return pack_q2_k(scales, codes, out);
    return pack_iq4_xs(scales, codes, out);
}

}  // namespace scale::quantize
