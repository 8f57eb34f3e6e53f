// Scales and codes drawn over all that a grid has.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "quantize/grid/codebook.h"

namespace scale::quantize {

inline void draw_sub_scales(const Grid& grid, core::Random& random, Scales& scales) {
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto steps = (grid.scale_high - grid.scale_low) / grid.scale_step();
        scales.s[static_cast<std::size_t>(k)] =
            static_cast<std::int16_t>(grid.scale_low + grid.scale_step() * random.between(0, steps));
        scales.m[static_cast<std::size_t>(k)] =
            static_cast<std::int16_t>(random.between(0, std::max(grid.min_high, 0)));
    }
}

inline std::vector<std::uint8_t> draw_codes(const Grid& grid, core::Random& random) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(grid.superblock));
    if (!grid.has_codebook()) {
        for (auto& code : codes) code = static_cast<std::uint8_t>(random.below(static_cast<std::uint64_t>(grid.codes)));
        return codes;
    }
    const Codebook& book = codebook_of(grid);
    const auto group = static_cast<std::size_t>(book.group);
    for (std::size_t at = 0; at < codes.size(); at += group) {
        const std::size_t entry = random.below(static_cast<std::uint64_t>(book.entries));
        std::copy_n(book.codes.begin() + static_cast<std::ptrdiff_t>(entry * group), group,
                    codes.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (std::size_t at = 0; at < codes.size(); at += octet) {
        bool odd = false;
        for (std::size_t j = at; j < at + octet; ++j) {
            const bool last = j == at + octet - 1;
            const bool negative = last && book.even_signs ? odd : random.below(2) == 1;
            odd ^= negative;
            if (negative) codes[j] = static_cast<std::uint8_t>(codes[j] + grid.codes / 2);
        }
    }
    return codes;
}

}  // namespace scale::quantize
