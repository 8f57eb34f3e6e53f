#include "quantize/uniform/uniform_grid.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "core/lanes.h"
#include "model/half.h"

namespace scale::quantize {

namespace {

using core::lane_count;
using core::Lanes;
using core::load;
using core::sum;

float through_bfloat16(float value) {
    std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    bits += 0x7fffu + ((bits >> 16) & 1u);
    bits &= 0xffff0000u;
    if ((bits & 0x7f800000u) == 0x7f800000u) bits = (bits & 0x80000000u) | 0x7f7f0000u;  // largest finite
    return std::bit_cast<float>(bits);
}

float through_finite_half(float value) {
    return model::from_half(model::to_finite_half(value));
}

// Best sums so far, and what a candidate grid is made of.
struct Best {
    double error;
    GroupScale group;
};

struct Products {
    float wq = 0;  // Σ importance · w · (code − zero)
    float qq = 0;  // Σ importance · (code − zero)²
};

// Adding and taking away 1.5 · 2^23 rounds to whole numbers, ties to even, for magnitudes below 2^22.
SCALE_INLINE Lanes rounded(Lanes value) {
    constexpr float shift = 12582912.0f;
    return (value + shift) - shift;
}

SCALE_CLONES Products products_of(const float* weights, const float* importance, std::size_t count, float inverse,
                                  float lowest, float highest) {
    Lanes wq = {}, qq = {};
    const Lanes low = Lanes{} + lowest, high = Lanes{} + highest;
    for (std::size_t i = 0; i < count; i += lane_count) {
        const Lanes w = load(weights + i), weight = load(importance + i);
        Lanes scaled = w * inverse;
        scaled = scaled < low ? low : scaled;
        scaled = scaled > high ? high : scaled;
        const Lanes q = rounded(scaled);
        wq += weight * w * q;
        qq += weight * q * q;
    }
    return {sum(wq), sum(qq)};
}

class Search {
  public:
    Search(const UniformGrid& grid, std::span<const float> weights, std::span<const float> importance)
        : grid_(grid), weights_(weights), importance_(importance) {
        for (std::size_t i = 0; i < weights.size(); ++i)
            power_ += static_cast<double>(importance[i]) * weights[i] * weights[i];
        best_ = {power_, {0, grid.middle()}};
    }

    void consider(float scale, int zero) {
        if (!(std::abs(scale) > std::numeric_limits<float>::min())) return;
        const auto lowest = static_cast<float>(-zero), highest = static_cast<float>(grid_.codes() - 1 - zero);
        const Products sums =
            products_of(weights_.data(), importance_.data(), weights_.size(), 1 / scale, lowest, highest);
        if (!(sums.qq > 0)) return;
        const double wq = sums.wq, qq = sums.qq;
        const float fitted = stored_scale(grid_.scales, static_cast<float>(wq / qq));
        const double error = power_ - 2 * fitted * wq + static_cast<double>(fitted) * fitted * qq;
        if (error < best_.error) best_ = {error, {fitted, zero}};
    }

    GroupScale best() const { return best_.group; }

  private:
    const UniformGrid& grid_;
    std::span<const float> weights_, importance_;
    double power_ = 0;
    Best best_{};
};

void search_symmetric(const UniformGrid& grid, float extreme, Search& search) {
    const auto levels = static_cast<float>(grid.middle());
    if (grid.bits >= 8) {
        for (int i = 0; i <= 8; ++i)
            search.consider(extreme / (levels * (1.0f - 0.025f * static_cast<float>(i))), grid.middle());
        for (int i = 0; i < 6; ++i)
            search.consider(extreme / (levels * (1.0f + 0.05f * static_cast<float>(i))), grid.middle());
        return;
    }
    for (int i = 0; i < 19; ++i) {
        const float scale = extreme / (levels * (0.7f + 0.05f * static_cast<float>(i)));
        search.consider(scale, grid.middle());
        search.consider(-scale, grid.middle());
    }
}

void search_asymmetric(const UniformGrid& grid, float low, float high, Search& search) {
    const auto steps = static_cast<float>(grid.codes() - 1);
    for (int i = 0; i < 15; ++i) {
        const float share = 1.05f - 0.035f * static_cast<float>(i);
        const float scale = (high - low) * share / steps;
        if (!(scale > 0)) return;
        const int zero = static_cast<int>(std::nearbyint(-low * share / scale));
        for (int shift = -1; shift <= 1; ++shift) search.consider(scale, std::clamp(zero + shift, 0, grid.codes() - 1));
    }
}

}  // namespace

float stored_scale(ScaleType type, float value) {
    switch (type) {
        case ScaleType::f16:
            return through_finite_half(value);
        case ScaleType::bf16:
            return through_bfloat16(value);
        // Binary16 first: bfloat16 has fewer digits, so its rounding leaves a number of binary16, also a subnormal one.
        case ScaleType::half_for_both:
            return through_finite_half(through_bfloat16(through_finite_half(value)));
        case ScaleType::f32:
            break;
    }
    return value;
}

GroupScale fit_group(const UniformGrid& grid, std::span<const float> weights, std::span<const float> importance) {
    const auto [low, high] = std::minmax_element(weights.begin(), weights.end());
    const float extreme = std::max(std::abs(*low), std::abs(*high));
    if (extreme == 0) return {0, grid.middle()};
    std::vector<float> uniform;
    if (std::all_of(importance.begin(), importance.end(), [](float x) { return x == 0; })) {
        uniform.assign(weights.size(), 1.0f);
        importance = uniform;
    }
    Search search(grid, weights, importance);
    if (grid.symmetric)
        search_symmetric(grid, extreme, search);
    else
        search_asymmetric(grid, std::min(*low, 0.0f), std::max(*high, 0.0f), search);
    return search.best();
}

}  // namespace scale::quantize
