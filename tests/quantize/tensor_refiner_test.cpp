// Inputs and weights that are not as they should be.
#include "quantize/refine/tensor_refiner.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"

namespace scale::quantize {
namespace {

constexpr int columns = 256, rows = 12;
constexpr auto n = static_cast<std::size_t>(columns);

// Second moments of `tokens` random inputs whose channels below `silent` are always zero.
Moments moments_of(int tokens, int silent, std::uint64_t seed) {
    core::Random random(seed);
    Moments moments{columns, std::vector<float>(n * n)};
    for (int token = 0; token < tokens; ++token) {
        std::vector<float> x(n);
        double common = random.normal();
        for (std::size_t i = static_cast<std::size_t>(silent); i < n; ++i)
            x[i] = static_cast<float>(common + random.normal());
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) moments.values[i * n + j] += x[i] * x[j] / static_cast<float>(tokens);
    }
    return moments;
}

HalvedMoments halves(int tokens, int silent = 0) {
    HalvedMoments result{moments_of(tokens, silent, 1), moments_of(tokens, silent, 2), {}};
    result.whole = result.first;
    for (std::size_t i = 0; i < result.whole.values.size(); ++i)
        result.whole.values[i] = 0.5f * (result.first.values[i] + result.second.values[i]);
    return result;
}

// Row 3 is all zero.
Reader reader(const Grid& grid) {
    core::Random random(5);
    Reader result;
    result.grid = &grid;
    result.rows = rows;
    result.weights.resize(static_cast<std::size_t>(rows) * n);
    for (std::size_t i = 0; i < result.weights.size(); ++i)
        result.weights[i] = i / n == 3 ? 0.0f : static_cast<float>(random.normal() * 0.05);
    result.stock = round_nearest(grid, result.weights, rows, std::vector<float>(n, 1.0f)).decoded;
    return result;
}

class TensorRefiner : public ::testing::TestWithParam<const char*> {
  protected:
    RefinedTensor refine(const HalvedMoments& moments) {
        const std::vector<Reader> readers{reader(*find_grid(GetParam()))};
        RefinerOptions options;
        options.probe_rows = 4;
        return refine_readers(readers, moments, options).at(0);
    }
    std::vector<float> decoded(const RefinedTensor& refined) {
        return engine::decode_rows(model::tensor_type(GetParam())->id, refined.packed.data(), n, rows);
    }
};

TEST_P(TensorRefiner, ZeroRowsStayZeroAndTheRestIsRefined) {
    const RefinedTensor refined = refine(halves(600));
    ASSERT_TRUE(refined.refined);
    EXPECT_STREQ(refined.why, outcome::refined);
    const auto values = decoded(refined);
    for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_TRUE(std::isfinite(values[i]));
        ASSERT_TRUE(i / n != 3 || values[i] == 0.0f);
    }
}

TEST_P(TensorRefiner, SilentChannelsKeepFiniteWeightsNearTheirOriginal) {
    const RefinedTensor refined = refine(halves(600, 64));
    ASSERT_TRUE(refined.refined);
    const auto values = decoded(refined);
    const auto weights = reader(*find_grid(GetParam())).weights;
    double error = 0, power = 0;  // of the silent columns alone
    for (std::size_t i = 0; i < values.size(); ++i) {
        ASSERT_TRUE(std::isfinite(values[i]));
        if (i % n >= 64) continue;
        error += std::pow(static_cast<double>(values[i] - weights[i]), 2);
        power += std::pow(static_cast<double>(weights[i]), 2);
    }
    EXPECT_LT(error, power);
}

TEST_P(TensorRefiner, FewerTokensThanChannelsIsNoFailure) {
    for (const int tokens : {1, 20}) {
        const RefinedTensor refined = refine(halves(tokens));
        EXPECT_TRUE(std::isfinite(refined.refined_loss)) << tokens;
        if (refined.refined) {
            EXPECT_LT(refined.refined_loss, refined.stock_loss);
            for (const float value : decoded(refined)) ASSERT_TRUE(std::isfinite(value));
        }
    }
}

TEST_P(TensorRefiner, MomentsThatAreNotFiniteKeepStock) {
    HalvedMoments moments = halves(40);
    moments.second.values[7] = std::numeric_limits<float>::quiet_NaN();
    const RefinedTensor refined = refine(moments);
    EXPECT_FALSE(refined.refined);
    EXPECT_STREQ(refined.why, outcome::inputs_not_finite);
    EXPECT_TRUE(refined.packed.empty());
}

TEST_P(TensorRefiner, InputsThatWereNeverThereKeepStock) {
    const HalvedMoments nothing = halves(4, columns);
    const RefinedTensor refined = refine(nothing);
    EXPECT_FALSE(refined.refined);  // zero error either way is no gain
    EXPECT_STREQ(refined.why, outcome::stock_better);
}

INSTANTIATE_TEST_SUITE_P(Types, TensorRefiner, ::testing::Values("Q4_K", "Q3_K", "IQ4_XS", "IQ3_S", "IQ2_XXS"),
                         [](const auto& type) { return std::string(type.param); });

}  // namespace
}  // namespace scale::quantize
