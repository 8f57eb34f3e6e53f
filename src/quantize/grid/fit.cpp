#include "quantize/grid/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/lanes.h"
#include "quantize/grid/codebook_fit.h"
#include "quantize/grid/codebook_search.h"
#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

using core::lane_count;
using core::Lanes;
using core::load;
using core::sum;

struct SubFit {
    float scale = 0;
    float minimum = 0;
};

// What the searches read of the grid, flat.
struct Levels {
    bool table;
    float low, high;
    explicit Levels(const Grid& grid) : table(grid.table), low(grid.level(0)), high(grid.level(grid.codes - 1)) {}
};

// The nearest level of every lane. Adding 1.5 · 2^23 rounds to an integer, ties to even; the table's level is its
// lowest plus the steps whose midpoints lie below.
SCALE_INLINE Lanes nearest_levels(const Levels& levels, const Lanes& wanted) {
    if (!levels.table) {
        const Lanes zero = {}, low = zero + levels.low, high = zero + levels.high;
        Lanes clamped = wanted > low ? wanted : low;
        clamped = clamped < high ? clamped : high;
        return (clamped + 12582912.0f) - 12582912.0f;
    }
    const Lanes zero = {};
    Lanes level = zero + iq4_levels[0];
    for (std::size_t i = 1; i < iq4_levels.size(); ++i) {
        const float middle = 0.5f * (iq4_levels[i - 1] + iq4_levels[i]);
        level += wanted > (zero + middle) ? (zero + (iq4_levels[i] - iq4_levels[i - 1])) : zero;
    }
    return level;
}

// One sub-block with what stays the same over all tries.
struct SubBlock {
    const float* w;
    const float* h;
    int vectors;
    float sum_h = 0, sum_hw = 0, sum_hww = 0;
};

SCALE_INLINE SubBlock sub_block(const float* w, const float* h, int count) {
    SubBlock block{w, h, count / lane_count};
    Lanes sh = {}, shw = {}, shww = {};
    for (int v = 0; v < block.vectors; ++v) {
        const Lanes x = load(w + v * lane_count), y = load(h + v * lane_count);
        sh += y;
        shw += y * x;
        shww += y * x * x;
    }
    block.sum_h = sum(sh);
    block.sum_hw = sum(shw);
    block.sum_hww = sum(shww);
    return block;
}

// The codes nearest under `start`, then least squares for S and M on them. `error` is the weighted error on these
// codes; choosing the codes anew can only lower it.
struct Refit {
    SubFit fit;
    float error = std::numeric_limits<float>::max();
};

SCALE_INLINE Refit refitted(const Grid& grid, const Levels& levels, const SubBlock& block, const SubFit& start) {
    Lanes shl = {}, shll = {}, shwl = {};
    const float inverse = 1 / start.scale;
    for (int v = 0; v < block.vectors; ++v) {
        const Lanes w = load(block.w + v * lane_count), h = load(block.h + v * lane_count);
        const Lanes level = nearest_levels(levels, (w + start.minimum) * inverse);
        const Lanes hl = h * level;
        shl += hl;
        shll += hl * level;
        shwl += hl * w;
    }
    const float hll = sum(shll), hwl = sum(shwl);
    Refit result;
    if (!(hll > 0)) return result;
    const auto without_minimum = [&] {
        result.fit = {hwl / hll, 0};
        if (grid.min_high > 0) result.fit.scale = std::max(result.fit.scale, 0.0f);
        result.error = block.sum_hww - result.fit.scale * hwl;
    };
    if (!grid.has_minimum()) {
        without_minimum();
        return result;
    }
    const double h = block.sum_h, hw = block.sum_hw, hl = sum(shl);
    const double determinant = h * hll - hl * hl;
    if (determinant > 1e-6 * h * hll) {
        const double scale = (h * hwl - hl * hw) / determinant, minimum = (hl * hwl - hll * hw) / determinant;
        if (grid.min_high < 0 || (minimum >= 0 && scale > 0)) {
            result.fit = {static_cast<float>(scale), static_cast<float>(minimum)};
            result.error = static_cast<float>(block.sum_hww - scale * hwl + minimum * hw);
            return result;
        }
    }
    without_minimum();
    return result;
}

// Keeps the best of many tries and chooses its codes anew until that stops helping.
SCALE_INLINE void consider(const Refit& refit, Refit& best) {
    if (refit.error < best.error) best = refit;
}

SCALE_INLINE SubFit settled(const Grid& grid, const Levels& levels, const SubBlock& block, Refit best) {
    for (int pass = 0; pass < 3 && best.fit.scale != 0; ++pass) {
        const Refit next = refitted(grid, levels, block, best.fit);
        if (!(next.error < best.error)) break;
        best = next;
    }
    return best.fit;
}

SCALE_CLONES SubFit fit_symmetric(const Grid& grid, const float* w, const float* h) {
    float extreme = 0;
    for (int j = 0; j < grid.sub; ++j)
        if (std::fabs(w[j]) > std::fabs(extreme)) extreme = w[j];
    if (std::fabs(extreme) < 1e-20f) return {};
    const Levels levels(grid);
    const SubBlock block = sub_block(w, h, grid.sub);
    const float span = std::max(-levels.low, levels.high);
    // Around the scale that puts the extreme weight on either end of the grid; finer grids need a narrower range.
    const float reach = grid.codes <= 8 ? 0.35f : grid.codes <= 16 ? 0.22f : grid.codes <= 32 ? 0.12f : 0.05f;
    const int tries = grid.codes <= 32 ? 8 : grid.codes <= 64 ? 4 : 2;
    Refit best;
    for (const float end : {levels.low, levels.high})
        for (int t = -tries; t <= tries; ++t) {
            const float wanted = end * (1 + reach * static_cast<float>(t) / static_cast<float>(tries));
            if (std::fabs(wanted) > 0.3f * span) consider(refitted(grid, levels, block, {extreme / wanted, 0}), best);
        }
    return settled(grid, levels, block, best);
}

SCALE_CLONES SubFit fit_with_minimum(const Grid& grid, const float* w, const float* h) {
    const auto [lowest, highest] = std::minmax_element(w, w + grid.sub);
    const float low = grid.min_high > 0 ? std::min(*lowest, 0.0f) : *lowest, high = *highest;
    if (high - low < 1e-20f) return {0, -low};
    const Levels levels(grid);
    const SubBlock block = sub_block(w, h, grid.sub);
    const auto steps = static_cast<float>(grid.codes - 1);
    Refit best;
    for (int t = -8; t <= 10; ++t) {
        const float width = steps * (1 + 0.045f * static_cast<float>(t) * (grid.codes <= 4 ? 1.6f : 1.0f));
        consider(refitted(grid, levels, block, {(high - low) / width, -low}), best);
    }
    return settled(grid, levels, block, best);
}

SCALE_INLINE float sub_error(const Levels& levels, const SubFit& fit, const float* w, const float* h, int count) {
    const float inverse = fit.scale == 0 ? 0 : 1 / fit.scale;
    Lanes error = {};
    for (int j = 0; j < count; j += lane_count) {
        const Lanes weight = load(w + j);
        const Lanes off = weight - (fit.scale * nearest_levels(levels, (weight + fit.minimum) * inverse) - fit.minimum);
        error += load(h + j) * off * off;
    }
    return sum(error);
}

// Integers for the wanted steps under a given d and dmin.
Scales rounded_to(const Grid& grid, float d, float dmin, const std::array<SubFit, max_sub_blocks>& fits) {
    Scales scales;
    scales.d = to_finite_half(d);
    scales.dmin = to_finite_half(dmin);
    const float stored_d = from_half(scales.d), stored_min = from_half(scales.dmin);
    const auto as_integer = [](float value, float step, int low, int high) {
        const float bounded = std::clamp(value / step, static_cast<float>(low), static_cast<float>(high));
        return static_cast<std::int16_t>(step == 0 ? std::clamp(0, low, high) : static_cast<int>(std::lrint(bounded)));
    };
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        scales.s[i] = as_integer(fits[i].scale, stored_d, grid.scale_low, grid.scale_high);
        if (grid.min_high > 0) scales.m[i] = as_integer(fits[i].minimum, stored_min, 0, grid.min_high);
    }
    return scales;
}

// The error of a superblock under its scales, and d and dmin solved anew on the codes that these scales give:
// w ≈ d·u − dmin·m with u = s·level.
struct Assessment {
    float error = 0;
    Scales refitted;
};

Scales resolved(const Grid& grid, Scales scales, double huu, double hum, double hmm, double hwu, double hwm) {
    const double determinant = huu * hmm - hum * hum;
    if (grid.has_minimum() && determinant > 1e-6 * huu * hmm) {
        const double d = (hwu * hmm - hwm * hum) / determinant;
        const double dmin = (hwu * hum - hwm * huu) / determinant;
        if (grid.min_high < 0 || dmin >= 0) {
            scales.d = to_finite_half(static_cast<float>(d));
            scales.dmin = to_finite_half(static_cast<float>(dmin));
        }
    } else if (huu > 0) {
        const double offset = grid.has_minimum() ? static_cast<double>(from_half(scales.dmin)) * hum : 0;
        scales.d = to_finite_half(static_cast<float>((hwu + offset) / huu));
    }
    return scales;
}

SCALE_CLONES Assessment assess(const Grid& grid, const Scales& scales, const float* w, const float* h) {
    const Steps steps = steps_of(grid, scales);
    const Levels levels(grid);
    Lanes error = {}, huu = {}, hum = {}, hmm = {}, hwu = {}, hwm = {};
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const float step = steps.scale[i], minimum = steps.minimum[i], inverse = step == 0 ? 0 : 1 / step;
        const float s = scales.s[i];
        const float m = grid.min_high > 0 ? static_cast<float>(scales.m[i]) : grid.min_high < 0 ? -1.0f : 0.0f;
        for (int j = k * grid.sub; j < (k + 1) * grid.sub; j += lane_count) {
            const Lanes weight = load(w + j), importance = load(h + j);
            const Lanes level = nearest_levels(levels, (weight + minimum) * inverse);
            const Lanes off = weight - (step * level - minimum), u = s * level;
            error += importance * off * off;
            huu += importance * u * u;
            hwu += importance * u * weight;
            hum += importance * u * m;
            hmm += importance * (m * m);
            hwm += importance * weight * m;
        }
    }
    return {sum(error), resolved(grid, scales, sum(huu), sum(hum), sum(hmm), sum(hwu), sum(hwm))};
}

// Single steps of the sub-scales and minima.
SCALE_CLONES void polish(const Grid& grid, Scales& scales, const float* w, const float* h) {
    const float d = from_half(scales.d), dmin = from_half(scales.dmin);
    const Levels levels(grid);
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const int at = k * grid.sub;
        int s = scales.s[i], m = scales.m[i];
        float best =
            sub_error(levels, {d * static_cast<float>(s), dmin * static_cast<float>(m)}, w + at, h + at, grid.sub);
        constexpr int moves[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
        for (int move = 0; move < (grid.min_high > 0 ? 4 : 2); ++move) {
            const int next_s = s + moves[move][0], next_m = m + moves[move][1];
            if (next_s < grid.scale_low || next_s > grid.scale_high || next_m < 0 ||
                next_m > std::max(grid.min_high, 0))
                continue;
            const float error = sub_error(levels, {d * static_cast<float>(next_s), dmin * static_cast<float>(next_m)},
                                          w + at, h + at, grid.sub);
            if (error < best) {
                best = error;
                s = next_s;
                m = next_m;
            }
        }
        scales.s[i] = static_cast<std::int16_t>(s);
        scales.m[i] = static_cast<std::int16_t>(m);
    }
}

struct BestScales {
    Scales scales;
    float error = std::numeric_limits<float>::max();
};

void keep_better(const Grid& grid, Scales candidate, const float* w, const float* h, BestScales& best) {
    for (int pass = 0; pass < 3; ++pass) {
        const Assessment assessment = assess(grid, candidate, w, h);
        if (assessment.error < best.error) best = {candidate, assessment.error};
        candidate = assessment.refitted;
    }
}

// Weights within what the type can hold, and importances with largest 1, so that no square over- or underflows.
struct Prepared {
    alignas(64) std::array<float, max_superblock> w;
    alignas(64) std::array<float, max_superblock> h;
};

Prepared prepared(const Grid& grid, std::span<const float> weights, std::span<const float> given) {
    constexpr float largest_d = 65504;
    Prepared result;
    const float limit = largest_d * static_cast<float>(std::max(-grid.scale_low, grid.scale_high)) *
                        std::max(std::fabs(grid.level(0)), std::fabs(grid.level(grid.codes - 1)));
    const float largest = *std::max_element(given.begin(), given.end());
    for (std::size_t j = 0; j < weights.size(); ++j) {
        result.w[j] = std::clamp(weights[j], -limit, limit);
        result.h[j] = largest > 0 ? std::max(given[j], 0.0f) / largest : 1.0f;
    }
    return result;
}

// d = dmin = 0: every value is zero.
BestScales zero_scales(const Grid& grid, const float* w, const float* h) {
    BestScales zero;
    zero.scales.s.fill(static_cast<std::int16_t>(std::clamp(0, grid.scale_low, grid.scale_high)));
    Lanes error = {};
    for (int j = 0; j < grid.superblock; j += lane_count) error += load(h + j) * load(w + j) * load(w + j);
    zero.error = sum(error);
    return zero;
}

}  // namespace

Scales fit_scales(const Grid& grid, std::span<const float> weights, std::span<const float> given) {
    const Prepared block = prepared(grid, weights, given);
    const float* w = block.w.data();
    const float* h = block.h.data();
    if (grid.has_codebook()) return fit_codebook_scales(grid, w, h);
    std::array<SubFit, max_sub_blocks> fits{};
    float largest_scale = 0, largest_minimum = 0;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        SubFit& fit = fits[static_cast<std::size_t>(k)];
        const int at = k * grid.sub;
        fit = grid.has_minimum() ? fit_with_minimum(grid, w + at, h + at) : fit_symmetric(grid, w + at, h + at);
        if (std::fabs(fit.scale) > std::fabs(largest_scale)) largest_scale = fit.scale;
        largest_minimum = std::max(largest_minimum, fit.minimum);
    }
    BestScales best = zero_scales(grid, w, h);
    if (!grid.has_sub_scales()) {
        keep_better(grid, rounded_to(grid, fits[0].scale, -fits[0].minimum, fits), w, h, best);
        return best.scales;
    }
    const float wide = static_cast<float>(grid.scale_low < 0 ? grid.scale_low : grid.scale_high);
    const float dmin = grid.min_high > 0 ? largest_minimum / static_cast<float>(grid.min_high) : 0;
    for (const float share : {1.0f, 0.94f, 0.88f})
        keep_better(grid, rounded_to(grid, largest_scale / (share * wide), dmin, fits), w, h, best);
    polish(grid, best.scales, w, h);
    best.error = assess(grid, best.scales, w, h).error;
    keep_better(grid, best.scales, w, h, best);
    return best.scales;
}

void nearest_codes(const Grid& grid, const Scales& scales, std::span<const float> weights,
                   std::span<const float> importance, std::uint8_t* codes) {
    const Steps steps = steps_of(grid, scales);
    if (grid.has_codebook()) {
        for (int j = 0; j < grid.superblock; j += octet)
            nearest_octet(codebook_of(grid), weights.data() + j, importance.data() + j,
                          steps.scale[static_cast<std::size_t>(j / grid.sub)], codes + j);
        return;
    }
    for (int j = 0; j < grid.superblock; ++j)
        codes[j] =
            static_cast<std::uint8_t>(nearest_code(grid, steps, j / grid.sub, weights[static_cast<std::size_t>(j)]));
}

}  // namespace scale::quantize
