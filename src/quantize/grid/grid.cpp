#include "quantize/grid/grid.h"

#include <algorithm>
#include <cmath>

#include "quantize/grid/codebook.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

// type, superblock, sub, codes, zero, table, s range, m range, bytes, codebook group, even signs
constexpr std::array<Grid, 17> grids{{
    {"Q8_0", 32, 32, 255, 127, false, 1, 1, 0, 34},
    {"Q6_K", 256, 16, 64, 32, false, -128, 127, 0, 210},
    {"Q5_K", 256, 32, 32, 0, false, 0, 63, 63, 176},
    {"Q5_1", 32, 32, 32, 0, false, 1, 1, -1, 24},
    {"Q5_0", 32, 32, 32, 16, false, 1, 1, 0, 22},
    {"Q4_K", 256, 32, 16, 0, false, 0, 63, 63, 144},
    {"Q4_1", 32, 32, 16, 0, false, 1, 1, -1, 20},
    {"Q4_0", 32, 32, 16, 8, false, 1, 1, 0, 18},
    {"IQ4_NL", 32, 32, 16, 0, true, 1, 1, 0, 18},
    {"IQ4_XS", 256, 32, 16, 0, true, -32, 31, 0, 136},
    {"Q3_K", 256, 16, 8, 4, false, -32, 31, 0, 110},
    {"Q2_K", 256, 16, 4, 0, false, 0, 15, 15, 84},
    {"IQ3_S", 256, 32, 16, 0, false, 1, 31, 0, 110, 4, false},
    {"IQ3_XXS", 256, 32, 16, 0, false, 1, 31, 0, 98, 4, true},
    {"IQ2_S", 256, 16, 6, 0, false, 1, 31, 0, 82, 8, false},
    {"IQ2_XS", 256, 16, 6, 0, false, 1, 31, 0, 74, 8, true},
    {"IQ2_XXS", 256, 32, 6, 0, false, 1, 31, 0, 66, 8, true},
}};

constexpr float iq4_middle(std::size_t code) {
    return 0.5f * (iq4_levels[code] + iq4_levels[code + 1]);
}

// The code nearest to the level first + i, for all integers on the table's way; midpoints are more than one apart, so a
// level in between has that code or the next.
constexpr std::array<std::uint8_t, 241> iq4_codes = [] {
    std::array<std::uint8_t, 241> codes{};
    std::size_t code = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) {
        while (code < 15 && iq4_levels[0] + static_cast<float>(i) > iq4_middle(code)) ++code;
        codes[i] = static_cast<std::uint8_t>(code);
    }
    return codes;
}();

}  // namespace

std::span<const Grid> all_grids() {
    return grids;
}

const Grid* find_grid(std::string_view type) {
    const auto found = std::find_if(grids.begin(), grids.end(), [&](const Grid& grid) { return grid.type == type; });
    return found == grids.end() ? nullptr : &*found;
}

float Grid::level(int code) const {
    if (has_codebook()) {
        const auto& levels = codebook_of(*this).levels;
        const int half = codes / 2;
        return code < half ? levels[static_cast<std::size_t>(code)] : -levels[static_cast<std::size_t>(code - half)];
    }
    return table ? iq4_levels[static_cast<std::size_t>(code)] : static_cast<float>(code - zero);
}

int Grid::nearest_code(float wanted) const {
    if (has_codebook()) {
        const auto& levels = codebook_of(*this).levels;
        int best = 0;
        for (int i = 1; i < codes / 2; ++i) {
            const float middle = 0.5f * (levels[static_cast<std::size_t>(i - 1)] + levels[static_cast<std::size_t>(i)]);
            if (std::fabs(wanted) > middle) best = i;
        }
        return wanted < 0 ? best + codes / 2 : best;
    }
    if (!table) {
        const float clamped = std::clamp(wanted, static_cast<float>(-zero), static_cast<float>(codes - 1 - zero));
        return static_cast<int>(std::lrint(clamped)) + zero;
    }
    const float from_first = std::clamp(wanted, iq4_levels.front(), iq4_levels.back()) - iq4_levels.front();
    const std::size_t code = iq4_codes[static_cast<std::size_t>(from_first)];
    return static_cast<int>(code < 15 && wanted > iq4_middle(code) ? code + 1 : code);
}

Steps steps_of(const Grid& grid, const Scales& scales) {
    Steps steps;
    const float d = from_half(scales.d);
    const float dmin = from_half(scales.dmin);
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        steps.scale[i] = grid.has_sub_scales() ? d * scales.s[i] : d;
        if (grid.min_high > 0) steps.minimum[i] = dmin * scales.m[i];
        if (grid.min_high < 0) steps.minimum[i] = -dmin;
    }
    return steps;
}

}  // namespace scale::quantize
