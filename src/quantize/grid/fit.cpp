#include "quantize/grid/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "quantize/grid/half.h"

namespace scale::quantize {

namespace {

struct SubFit {
    float scale = 0;
    float minimum = 0;
};

// Weighted sums for  w ≈ S·l − M  over one sub-block.
struct Sums {
    double h = 0, hl = 0, hll = 0, hw = 0, hwl = 0;
    void add(double importance, double level, double weight) {
        h += importance;
        hl += importance * level;
        hll += importance * level * level;
        hw += importance * weight;
        hwl += importance * weight * level;
    }
};

double error_of(const Grid& grid, SubFit fit, const float* w, const float* h, int count) {
    double sum = 0;
    for (int j = 0; j < count; ++j) {
        const int code = fit.scale == 0 ? grid.nearest_code(0) : grid.nearest_code((w[j] + fit.minimum) / fit.scale);
        const double off = w[j] - (static_cast<double>(fit.scale) * grid.level(code) - fit.minimum);
        sum += h[j] * off * off;
    }
    return sum;
}

// Least squares for S (and M ≥ 0 where the type stores it so) on the codes of `start`.
SubFit refitted(const Grid& grid, SubFit start, const float* w, const float* h, int count) {
    if (start.scale == 0) return start;
    Sums sums;
    for (int j = 0; j < count; ++j)
        sums.add(h[j], grid.level(grid.nearest_code((w[j] + start.minimum) / start.scale)), w[j]);
    SubFit fit = start;
    if (!grid.has_minimum()) {
        if (sums.hll > 0) fit.scale = static_cast<float>(sums.hwl / sums.hll);
        return fit;
    }
    const double determinant = sums.h * sums.hll - sums.hl * sums.hl;
    if (determinant > 1e-12 * sums.h * sums.hll) {
        fit.scale = static_cast<float>((sums.h * sums.hwl - sums.hl * sums.hw) / determinant);
        fit.minimum = static_cast<float>((sums.hl * sums.hwl - sums.hll * sums.hw) / determinant);
    }
    if (grid.min_high > 0 && (fit.minimum < 0 || fit.scale <= 0)) {
        fit.minimum = 0;
        fit.scale = sums.hll > 0 ? static_cast<float>(std::max(sums.hwl / sums.hll, 0.0)) : 0;
    }
    return fit;
}

void consider(const Grid& grid, SubFit candidate, const float* w, const float* h, int count, SubFit& best,
              double& best_error) {
    for (int pass = 0; pass < 2; ++pass) {
        const double error = error_of(grid, candidate, w, h, count);
        if (error < best_error) {
            best_error = error;
            best = candidate;
        }
        candidate = refitted(grid, candidate, w, h, count);
    }
    const double error = error_of(grid, candidate, w, h, count);
    if (error < best_error) {
        best_error = error;
        best = candidate;
    }
}

SubFit fit_symmetric(const Grid& grid, const float* w, const float* h, int count) {
    float extreme = 0;
    for (int j = 0; j < count; ++j)
        if (std::fabs(w[j]) > std::fabs(extreme)) extreme = w[j];
    SubFit best;
    if (std::fabs(extreme) < 1e-20f) return best;
    double best_error = std::numeric_limits<double>::max();
    const float low = grid.level(0), high = grid.level(grid.codes - 1);
    const float span = std::max(-low, high);
    // Around the scale that puts the extreme weight on either end of the grid; finer grids need a narrower range.
    const float reach = grid.codes <= 8 ? 0.35f : grid.codes <= 16 ? 0.22f : grid.codes <= 32 ? 0.12f : 0.05f;
    const int tries = grid.codes <= 32 ? 8 : grid.codes <= 64 ? 4 : 2;
    for (const float end : {low, high})
        for (int t = -tries; t <= tries; ++t) {
            const float wanted = end * (1 + reach * static_cast<float>(t) / static_cast<float>(tries));
            if (std::fabs(wanted) > 0.3f * span) consider(grid, {extreme / wanted, 0}, w, h, count, best, best_error);
        }
    return best;
}

SubFit fit_with_minimum(const Grid& grid, const float* w, const float* h, int count) {
    float low = w[0], high = w[0];
    for (int j = 1; j < count; ++j) {
        low = std::min(low, w[j]);
        high = std::max(high, w[j]);
    }
    if (grid.min_high > 0) low = std::min(low, 0.0f);
    SubFit best{0, -low};
    if (grid.min_high > 0) best.minimum = std::max(best.minimum, 0.0f);
    if (high - low < 1e-20f) return best;
    double best_error = std::numeric_limits<double>::max();
    const auto steps = static_cast<float>(grid.codes - 1);
    for (int t = -8; t <= 10; ++t) {
        const float inner =
            (high - low) / (steps * (1 + 0.045f * static_cast<float>(t) * (grid.codes <= 4 ? 1.6f : 1.0f)));
        consider(grid, {inner, -low}, w, h, count, best, best_error);
    }
    return best;
}

double superblock_error(const Grid& grid, const Scales& scales, const float* w, const float* h) {
    const Steps steps = steps_of(grid, scales);
    double sum = 0;
    for (int j = 0; j < grid.superblock; ++j) {
        const int k = j / grid.sub;
        const double off = w[j] - static_cast<double>(value_of(grid, steps, k, nearest_code(grid, steps, k, w[j])));
        sum += h[j] * off * off;
    }
    return sum;
}

double sub_error(const Grid& grid, const Steps& steps, int k, const float* w, const float* h) {
    return error_of(grid, {steps.scale[static_cast<std::size_t>(k)], steps.minimum[static_cast<std::size_t>(k)]},
                    w + k * grid.sub, h + k * grid.sub, grid.sub);
}

// Integers for the wanted steps under a given d and dmin.
Scales rounded_to(const Grid& grid, float d, float dmin, const std::array<SubFit, max_sub_blocks>& fits) {
    Scales scales;
    scales.d = to_half(d);
    scales.dmin = to_half(dmin);
    const float stored_d = from_half(scales.d), stored_min = from_half(scales.dmin);
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const auto as_integer = [](float value, float step, int low, int high) {
            return step == 0 ? std::clamp(0, low, high)
                             : static_cast<int>(std::lrint(
                                   std::clamp(value / step, static_cast<float>(low), static_cast<float>(high))));
        };
        scales.s[i] = static_cast<std::int16_t>(as_integer(fits[i].scale, stored_d, grid.scale_low, grid.scale_high));
        if (grid.min_high > 0)
            scales.m[i] = static_cast<std::int16_t>(as_integer(fits[i].minimum, stored_min, 0, grid.min_high));
    }
    return scales;
}

// Closed-form d and dmin on the codes that the present scales give.
Scales with_refitted_super_scales(const Grid& grid, Scales scales, const float* w, const float* h) {
    const Steps steps = steps_of(grid, scales);
    Sums sums;  // w ≈ d·(s·l) − dmin·m: the roles of level and one are taken by s·l and m
    double hmm = 0, hum = 0, huu = 0, hwu = 0, hwm = 0;
    for (int j = 0; j < grid.superblock; ++j) {
        const int k = j / grid.sub;
        const auto i = static_cast<std::size_t>(k);
        const double u = static_cast<double>(scales.s[i]) * grid.level(nearest_code(grid, steps, k, w[j]));
        const double m = grid.min_high > 0 ? scales.m[i] : grid.min_high < 0 ? -1 : 0;
        huu += h[j] * u * u;
        hum += h[j] * u * m;
        hmm += h[j] * m * m;
        hwu += h[j] * w[j] * u;
        hwm += h[j] * w[j] * m;
    }
    const double determinant = huu * hmm - hum * hum;
    if (grid.has_minimum() && determinant > 1e-9 * huu * hmm) {
        const double d = (hwu * hmm - hwm * hum) / determinant;
        const double dmin = (hwu * hum - hwm * huu) / determinant;
        if (grid.min_high < 0 || dmin >= 0) {
            scales.d = to_half(static_cast<float>(d));
            scales.dmin = to_half(static_cast<float>(dmin));
        }
    } else if (huu > 0) {
        const double offset = grid.has_minimum() ? static_cast<double>(from_half(scales.dmin)) * hum : 0;
        scales.d = to_half(static_cast<float>((hwu + offset) / huu));
    }
    return scales;
}

// Single steps of the sub-scales and minima.
void polish(const Grid& grid, Scales& scales, const float* w, const float* h) {
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        double best = sub_error(grid, steps_of(grid, scales), k, w, h);
        const auto attempt = [&](int ds, int dm) {
            Scales moved = scales;
            moved.s[i] = static_cast<std::int16_t>(moved.s[i] + ds);
            moved.m[i] = static_cast<std::int16_t>(moved.m[i] + dm);
            if (moved.s[i] < grid.scale_low || moved.s[i] > grid.scale_high || moved.m[i] < 0 ||
                moved.m[i] > std::max(grid.min_high, 0))
                return;
            const double error = sub_error(grid, steps_of(grid, moved), k, w, h);
            if (error < best) {
                best = error;
                scales = moved;
            }
        };
        for (const int ds : {-1, 1}) attempt(ds, 0);
        if (grid.min_high > 0)
            for (const int dm : {-1, 1}) attempt(0, dm);
    }
}

}  // namespace

Scales fit_scales(const Grid& grid, std::span<const float> weights, std::span<const float> given) {
    std::array<float, max_superblock> uniform{};
    const float* w = weights.data();
    const float* h = given.data();
    if (std::all_of(given.begin(), given.end(), [](float x) { return !(x > 0); })) {
        uniform.fill(1);
        h = uniform.data();
    }
    std::array<SubFit, max_sub_blocks> fits{};
    float largest_scale = 0, largest_minimum = 0;
    for (int k = 0; k < grid.sub_blocks(); ++k) {
        const auto i = static_cast<std::size_t>(k);
        const int at = k * grid.sub;
        fits[i] = grid.has_minimum() ? fit_with_minimum(grid, w + at, h + at, grid.sub)
                                     : fit_symmetric(grid, w + at, h + at, grid.sub);
        if (std::fabs(fits[i].scale) > std::fabs(largest_scale)) largest_scale = fits[i].scale;
        largest_minimum = std::max(largest_minimum, fits[i].minimum);
    }
    Scales best;
    double best_error = std::numeric_limits<double>::max();
    const auto keep_better = [&](Scales candidate) {
        for (int pass = 0; pass < 3; ++pass) {
            const double error = superblock_error(grid, candidate, w, h);
            if (error < best_error) {
                best_error = error;
                best = candidate;
            }
            candidate = with_refitted_super_scales(grid, candidate, w, h);
        }
    };
    if (!grid.has_sub_scales()) {
        keep_better(rounded_to(grid, fits[0].scale, -fits[0].minimum, fits));
        return best;
    }
    const float top =
        static_cast<float>(largest_scale * static_cast<float>(grid.scale_low) > 0 ? grid.scale_low : grid.scale_high);
    const float wide = grid.scale_low < 0 ? static_cast<float>(grid.scale_low) : top;
    for (const float end : {wide, 0.94f * wide, 0.88f * wide}) {
        const float d = largest_scale / end;
        keep_better(
            rounded_to(grid, d, grid.min_high > 0 ? largest_minimum / static_cast<float>(grid.min_high) : 0, fits));
    }
    polish(grid, best, w, h);
    Scales refitted_best = with_refitted_super_scales(grid, best, w, h);
    if (superblock_error(grid, refitted_best, w, h) < superblock_error(grid, best, w, h)) best = refitted_best;
    return best;
}

void nearest_codes(const Grid& grid, const Scales& scales, std::span<const float> weights, std::uint8_t* codes) {
    const Steps steps = steps_of(grid, scales);
    for (int j = 0; j < grid.superblock; ++j)
        codes[j] =
            static_cast<std::uint8_t>(nearest_code(grid, steps, j / grid.sub, weights[static_cast<std::size_t>(j)]));
}

}  // namespace scale::quantize
