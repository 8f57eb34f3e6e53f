// Scales of one superblock for given weights and column importances.
//
// Minimises  Σ_j importance_j · (w_j − value_j)²  over the numbers as they will be stored: binary16 super-scale and
// integer sub-scales are inside the loop. Per sub-block the unconstrained scale (and minimum) is found by trying a
// range of grids around the extreme weight, each refitted by weighted least squares on its own codes; then d and dmin
// are refitted in closed form on fixed codes, and single steps of every sub-scale and minimum are kept where they lower
// the sum.
#pragma once

#include <span>

#include "quantize/grid/grid.h"

namespace scale::quantize {

// `weights` and `importance` hold grid.superblock finite numbers; importances are not negative. All-zero importance
// counts as uniform. The result is finite for weights of any size, and its sum never above that of all-zero values.
Scales fit_scales(const Grid& grid, std::span<const float> weights, std::span<const float> importance);

// The nearest codes under the scales; the importance matters to the codebook types alone, whose neighbours choose
// together.
void nearest_codes(const Grid& grid, const Scales& scales, std::span<const float> weights,
                   std::span<const float> importance, std::uint8_t* codes);

// The value that the decoder will give code `code` in sub-block k.
inline float value_of(const Grid& grid, const Steps& steps, int k, int code) {
    return steps.scale[static_cast<std::size_t>(k)] * grid.level(code) - steps.minimum[static_cast<std::size_t>(k)];
}

inline int nearest_code(const Grid& grid, const Steps& steps, int k, float weight) {
    const float scale = steps.scale[static_cast<std::size_t>(k)];
    if (scale == 0) return grid.nearest_code(0);
    return grid.nearest_code((weight + steps.minimum[static_cast<std::size_t>(k)]) / scale);
}

}  // namespace scale::quantize
