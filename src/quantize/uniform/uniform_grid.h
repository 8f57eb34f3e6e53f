// The grids of GPU checkpoints: evenly spaced values, one scale (and zero point) for a group of neighbouring input
// columns of one row.
//
//     value = scale · (code − zero),   code = 0 … 2^bits − 1
//
// Symmetric grids have zero = 2^(bits−1), so that a code is a signed integer shifted; with fewer than 8 bits their
// scale may be negative, which gives the larger side of a group the extra level −2^(bits−1) (as ggml's Q4_0).
// Asymmetric ones have a zero point of `bits` bits a group. Layouts on disk: src/quantize/packed.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

namespace scale::quantize {

// What a scale is stored as. `half_for_both` is binary16 holding a number that bfloat16 holds too: a server that runs
// the model in bfloat16 converts the scales, and must not change them.
enum class ScaleType { f16, bf16, half_for_both, f32 };

// The nearest finite number that the type holds.
float stored_scale(ScaleType type, float value);

struct UniformGrid {
    int bits = 4;  // 4 or 8
    bool symmetric = true;
    int group = 128;  // columns, a multiple of 16; 0: the whole row
    ScaleType scales = ScaleType::f16;

    int codes() const { return 1 << bits; }
    int middle() const { return 1 << (bits - 1); }
    int width(int columns) const { return group == 0 ? columns : group; }
    int groups(int columns) const { return columns / width(columns); }
};

struct GroupScale {
    float scale = 0;
    int zero = 0;
    float value(int code) const { return scale * static_cast<float>(code - zero); }
};

// Minimises Σ_j importance_j · (w_j − value_j)² over stored scales: a range of clipped grids, each refitted by least
// squares on its own codes. Spans of one length, a multiple of 16, finite; importances not negative, all zero counts as
// uniform. The sum is never above that of all-zero values.
GroupScale fit_group(const UniformGrid& grid, std::span<const float> weights, std::span<const float> importance);

inline int nearest_code(const UniformGrid& grid, const GroupScale& group, float weight) {
    if (group.scale == 0) return group.zero;
    const float code = std::nearbyint(weight / group.scale) + static_cast<float>(group.zero);
    return static_cast<int>(std::fmin(std::fmax(code, 0.0f), static_cast<float>(grid.codes() - 1)));
}

}  // namespace scale::quantize
