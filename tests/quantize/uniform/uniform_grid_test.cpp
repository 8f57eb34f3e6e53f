#include "quantize/uniform/uniform_grid.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"
#include "model/half.h"

namespace scale::quantize {
namespace {

double error_of(const UniformGrid& grid, const GroupScale& scale, const std::vector<float>& weights,
                const std::vector<float>& importance) {
    double sum = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double error = weights[i] - scale.value(nearest_code(grid, scale, weights[i]));
        sum += importance[i] * error * error;
    }
    return sum;
}

std::vector<float> drawn(std::size_t count, std::uint64_t seed) {
    core::Random random(seed);
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
}

TEST(StoredScale, IsANumberOfItsType) {
    core::Random random(3);
    for (int i = 0; i < 2000; ++i) {
        const auto value = static_cast<float>(random.normal() * std::pow(10.0, -static_cast<double>(random.below(8))));
        const float both = stored_scale(ScaleType::half_for_both, value);
        EXPECT_EQ(both, stored_scale(ScaleType::f16, both));
        EXPECT_EQ(both, stored_scale(ScaleType::bf16, both));
        if (std::abs(value) > 1e-3f) {
            EXPECT_NEAR(both, value, std::abs(value) / 128);
        }
    }
    EXPECT_TRUE(std::isfinite(stored_scale(ScaleType::f16, 1e30f)));
    EXPECT_TRUE(std::isfinite(stored_scale(ScaleType::bf16, 3.4e38f)));
    EXPECT_EQ(stored_scale(ScaleType::f32, 0.1f), 0.1f);
}

TEST(FitGroup, FindsTheGridThatWeightsLieOn) {
    core::Random random(5);
    for (const bool symmetric : {true, false})
        for (const float scale : {0.0625f, 3.0f}) {
            const UniformGrid grid{4, symmetric, 64, ScaleType::f16};
            const GroupScale true_scale{scale, symmetric ? 8 : 3};
            std::vector<float> weights;
            for (int i = 0; i < 64; ++i) weights.push_back(true_scale.value(i % 16));
            const std::vector<float> alike(64, 1.0f);
            const GroupScale found = fit_group(grid, weights, alike);
            EXPECT_LT(error_of(grid, found, weights, alike), 1e-9 * scale);
        }
}

TEST(FitGroup, UsesTheExtraLevelOnTheLargerSide) {
    const UniformGrid grid{4, true, 32, ScaleType::f16};
    std::vector<float> weights(32, 0.0f), alike(32, 1.0f);
    for (int i = 0; i < 32; ++i)
        weights[static_cast<std::size_t>(i)] = 0.125f * static_cast<float>(i % 9);  // 0 … 8 steps
    const GroupScale found = fit_group(grid, weights, alike);
    EXPECT_LT(found.scale, 0);
    EXPECT_LT(error_of(grid, found, weights, alike), 1e-9);
    const UniformGrid wide{8, true, 0, ScaleType::f16};  // kernels of 8 bits take positive scales only
    EXPECT_GT(fit_group(wide, weights, alike).scale, 0);
}

TEST(FitGroup, BeatsTheScaleOfTheLargestWeightWhereOthersMatterMore) {
    for (const bool symmetric : {true, false}) {
        const UniformGrid grid{4, symmetric, 128, ScaleType::f16};
        std::vector<float> weights = drawn(128, 8), importance(128, 1.0f);
        weights[17] = 12;
        importance[17] = 0.01f;
        const auto [low, high] = std::minmax_element(weights.begin(), weights.end());
        const GroupScale plain =
            symmetric ? GroupScale{12.0f / 7.5f, 8}
                      : GroupScale{(*high - *low) / 15, static_cast<int>(std::nearbyint(-*low * 15 / (*high - *low)))};
        EXPECT_LT(error_of(grid, fit_group(grid, weights, importance), weights, importance),
                  0.5 * error_of(grid, plain, weights, importance));
    }
}

TEST(FitGroup, IsNeverWorseThanAllZeros) {
    for (std::uint64_t seed = 0; seed < 40; ++seed)
        for (const UniformGrid& grid :
             {UniformGrid{4, true, 32, ScaleType::f16}, UniformGrid{4, false, 32, ScaleType::bf16},
              UniformGrid{8, true, 0, ScaleType::f32}}) {
            std::vector<float> weights = drawn(32, seed), importance = drawn(32, seed + 100);
            for (float& value : importance) value = value * value;
            const float size = std::pow(10.0f, static_cast<float>(seed % 12) - 8);
            for (float& weight : weights) weight *= size;
            double zeros = 0;
            for (std::size_t i = 0; i < weights.size(); ++i) zeros += importance[i] * weights[i] * weights[i];
            const GroupScale found = fit_group(grid, weights, importance);
            EXPECT_LE(error_of(grid, found, weights, importance), zeros * (1 + 1e-5));
            EXPECT_EQ(found.scale, stored_scale(grid.scales, found.scale));
        }
    const std::vector<float> nothing(32, 0.0f);
    EXPECT_EQ(fit_group({4, false, 32, ScaleType::f16}, nothing, nothing).scale, 0);
}

}  // namespace
}  // namespace scale::quantize
