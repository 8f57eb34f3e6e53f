// The byte layouts of pack.cpp, read back.
#include <cstring>

#include "core/error.h"
#include "quantize/grid/grid.h"

namespace scale::quantize {

namespace {

class Bytes {
  public:
    explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}
    unsigned at(std::size_t i) const { return std::to_integer<unsigned>(bytes_[i]); }
    std::uint16_t half(std::size_t i) const { return static_cast<std::uint16_t>(at(i) | at(i + 1) << 8); }
    Bytes from(std::size_t i) const { return Bytes(bytes_.subspan(i)); }
    std::size_t size() const { return bytes_.size(); }

  private:
    std::span<const std::byte> bytes_;
};

using Codes = std::span<std::uint8_t>;

void set(Codes codes, std::size_t i, unsigned code) {
    codes[i] = static_cast<std::uint8_t>(code);
}

void take_nibbles(const Bytes& in, Codes codes, std::size_t run) {
    for (std::size_t group = 0; group < codes.size(); group += 2 * run)
        for (std::size_t l = 0; l < run; ++l) {
            const unsigned byte = in.at(group / 2 + l);
            set(codes, group + l, byte & 15);
            set(codes, group + l + run, byte >> 4);
        }
}

void add_bit(Codes codes, std::size_t i, unsigned bits, std::size_t bit, int place) {
    codes[i] = static_cast<std::uint8_t>(codes[i] | (bits >> bit & 1) << place);
}

void unpack_32(const Grid& grid, const Bytes& in, Scales& scales, Codes codes) {
    std::size_t at = 2;
    scales.d = in.half(0);
    if (grid.min_high < 0) {
        scales.dmin = in.half(2);
        at = 4;
    }
    scales.s[0] = 1;
    if (grid.codes == 255) {
        for (std::size_t j = 0; j < 32; ++j)
            set(codes, j, static_cast<unsigned>(static_cast<std::int8_t>(in.at(at + j)) + grid.zero));
        return;
    }
    const std::size_t nibbles = grid.codes == 32 ? at + 4 : at;
    take_nibbles(in.from(nibbles), codes, 16);
    if (grid.codes == 32)
        for (std::size_t j = 0; j < 32; ++j) add_bit(codes, j, in.at(at + j / 8), j % 8, 4);
}

void take_scales_and_minima(const Bytes& in, Scales& scales) {
    for (std::size_t k = 0; k < 4; ++k) {
        scales.s[k] = static_cast<std::int16_t>(in.at(k) & 63);
        scales.m[k] = static_cast<std::int16_t>(in.at(k + 4) & 63);
        scales.s[k + 4] = static_cast<std::int16_t>((in.at(k + 8) & 15) | (in.at(k) >> 6) << 4);
        scales.m[k + 4] = static_cast<std::int16_t>((in.at(k + 8) >> 4) | (in.at(k + 4) >> 6) << 4);
    }
}

void unpack_q4_or_q5_k(const Bytes& in, Scales& scales, Codes codes, bool fifth) {
    scales.d = in.half(0);
    scales.dmin = in.half(2);
    take_scales_and_minima(in.from(4), scales);
    take_nibbles(in.from(fifth ? 48 : 16), codes, 32);
    if (!fifth) return;
    for (std::size_t j = 0; j < 256; ++j) add_bit(codes, j, in.at(16 + j % 32), j / 32, 4);
}

void unpack_q6_k(const Bytes& in, Scales& scales, Codes codes) {
    for (std::size_t j = 0; j < 256; ++j) {
        const std::size_t half = j / 128, i = j % 128;
        const unsigned low = in.at(half * 64 + i % 64) >> (i < 64 ? 0 : 4) & 15;
        const unsigned high = in.at(128 + half * 32 + i % 32) >> (2 * (i / 32)) & 3;
        set(codes, j, low | high << 4);
    }
    for (std::size_t k = 0; k < 16; ++k) scales.s[k] = static_cast<std::int8_t>(in.at(192 + k));
    scales.d = in.half(208);
}

void take_crumbs(const Bytes& in, Codes codes) {
    for (std::size_t j = 0; j < 256; ++j) set(codes, j, in.at(j / 128 * 32 + j % 32) >> (2 * (j % 128 / 32)) & 3);
}

void unpack_q3_k(const Bytes& in, Scales& scales, Codes codes) {
    take_crumbs(in.from(32), codes);
    for (std::size_t j = 0; j < 256; ++j) add_bit(codes, j, in.at(j % 32), j / 32, 2);
    for (std::size_t k = 0; k < 16; ++k) {
        const unsigned low = in.at(96 + k % 8) >> (k < 8 ? 0 : 4) & 15, high = in.at(104 + k % 4) >> (2 * (k / 4)) & 3;
        scales.s[k] = static_cast<std::int16_t>(static_cast<int>(low | high << 4) - 32);
    }
    scales.d = in.half(108);
}

void unpack_q2_k(const Bytes& in, Scales& scales, Codes codes) {
    for (std::size_t k = 0; k < 16; ++k) {
        scales.s[k] = static_cast<std::int16_t>(in.at(k) & 15);
        scales.m[k] = static_cast<std::int16_t>(in.at(k) >> 4);
    }
    take_crumbs(in.from(16), codes);
    scales.d = in.half(80);
    scales.dmin = in.half(82);
}

void unpack_iq4_xs(const Bytes& in, Scales& scales, Codes codes) {
    scales.d = in.half(0);
    const unsigned high = in.half(2);
    for (std::size_t k = 0; k < 8; ++k) {
        const unsigned stored = (in.at(4 + k / 2) >> (4 * (k % 2)) & 15) | (high >> (2 * k) & 3) << 4;
        scales.s[k] = static_cast<std::int16_t>(static_cast<int>(stored) - 32);
    }
    take_nibbles(in.from(8), codes, 16);
}

}  // namespace

Scales unpack(const Grid& grid, std::span<const std::byte> bytes, std::span<std::uint8_t> codes) {
    if (grid.has_codebook() || codes.size() != static_cast<std::size_t>(grid.superblock) || bytes.size() != grid.bytes)
        throw core::input_error("a superblock of " + std::string(grid.type) + " of " + std::to_string(bytes.size()) +
                                " bytes for " + std::to_string(codes.size()) + " codes");
    const Bytes in(bytes);
    Scales scales;
    if (grid.superblock == 32)
        unpack_32(grid, in, scales, codes);
    else if (grid.type == "Q4_K" || grid.type == "Q5_K")
        unpack_q4_or_q5_k(in, scales, codes, grid.type == "Q5_K");
    else if (grid.type == "Q6_K")
        unpack_q6_k(in, scales, codes);
    else if (grid.type == "Q3_K")
        unpack_q3_k(in, scales, codes);
    else if (grid.type == "Q2_K")
        unpack_q2_k(in, scales, codes);
    else
        unpack_iq4_xs(in, scales, codes);
    return scales;
}

}  // namespace scale::quantize
