// The grids of ggml's tensor types: which values a run of weights of one row can take.
//
// A superblock of `superblock` weights is cut into sub-blocks of `sub` weights. In sub-block k a code c stands for
//
//     value = S_k · level(c) − M_k,     S_k = d · s_k,     M_k = dmin · m_k
//
// with d, dmin stored as binary16 and s_k, m_k as small integers (the simple 32-wide types have s_k = 1, and M_k free
// or absent). level(c) is c − zero for the linear types and a table for IQ4_NL and IQ4_XS. Source: block layouts of
// ggml-common.h and the decoders of ggml-quants.c at the pinned engine version; tests decode our bytes by the engine's
// own decoder.
//
// The codebook types (IQ3_S … IQ2_XXS) have one code a weight here too: code c < codes / 2 is the magnitude c, code c +
// codes / 2 the same with a minus sign. But only some combinations exist: the magnitudes of `group` neighbours must be
// an entry of the codebook, and where `even_signs`, each eight neighbours have an even number of minus signs
// (codebook.h). Their s_k are odd.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace scale::quantize {

// Levels of IQ4_NL and IQ4_XS by code.
inline constexpr std::array<float, 16> iq4_levels{-127, -104, -83, -65, -49, -35, -22, -10,
                                                  1,    13,   25,  38,  53,  69,  89,  113};

inline constexpr int max_superblock = 256;
inline constexpr int max_sub_blocks = 16;

struct Grid {
    std::string_view type;  // "Q4_K"
    int superblock;
    int sub;
    int codes;
    int zero;       // linear types: level(c) = c − zero
    bool table;     // IQ4 table instead
    int scale_low;  // range of s_k; low = high = 1: only d
    int scale_high;
    int min_high;       // range of m_k is 0…min_high; 0: no minimum; -1: one free binary16 minimum (Q4_1, Q5_1)
    std::size_t bytes;  // per superblock
    int group = 0;      // codebook types: weights that share an entry, 4 or 8
    bool even_signs = false;

    int sub_blocks() const { return superblock / sub; }
    bool has_minimum() const { return min_high != 0; }
    bool has_sub_scales() const { return scale_low != scale_high; }
    bool has_codebook() const { return group != 0; }
    int scale_step() const { return has_codebook() ? 2 : 1; }  // s_k = scale_low + a multiple of it
    float level(int code) const;
    // Of the level in units of S_k. For a codebook type, of this weight alone: its neighbours may not allow it.
    int nearest_code(float level) const;
};

// nullptr where the type has no grid of this form (F16, IQ1, …).
const Grid* find_grid(std::string_view type);
std::span<const Grid> all_grids();

// The stored numbers of one superblock.
struct Scales {
    std::uint16_t d = 0;     // binary16
    std::uint16_t dmin = 0;  // binary16; for Q4_1 and Q5_1 the stored minimum, which is added: M_0 = −dmin
    std::array<std::int16_t, max_sub_blocks> s{};
    std::array<std::int16_t, max_sub_blocks> m{};
};

// S_k and M_k as the decoder computes them.
struct Steps {
    std::array<float, max_sub_blocks> scale{};
    std::array<float, max_sub_blocks> minimum{};
};
Steps steps_of(const Grid& grid, const Scales& scales);

// Codes of the superblock (one per weight) and scales to the bytes ggml reads: `grid.bytes` of them at `out`. Throws an
// input error for codes that a codebook type does not have together.
void pack(const Grid& grid, const Scales& scales, std::span<const std::uint8_t> codes, std::byte* out);

// The way back, from grid.bytes bytes; not for codebook types. A minimum that the type does not have stays 0.
Scales unpack(const Grid& grid, std::span<const std::byte> bytes, std::span<std::uint8_t> codes);

}  // namespace scale::quantize
