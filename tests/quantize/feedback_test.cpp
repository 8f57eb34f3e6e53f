#include "quantize/rounding/feedback.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "engine/stock_quantize.h"
#include "model/tensor_type.h"

namespace scale::quantize {
namespace {

constexpr int columns = 256, rows = 24;

// Correlated inputs with a falling spectrum and a few strong channels.
Moments correlated_moments(std::uint64_t seed) {
    core::Random random(seed);
    const auto n = static_cast<std::size_t>(columns);
    std::vector<float> mix(n * n);
    for (auto& value : mix) value = static_cast<float>(random.normal() / 16);
    Moments moments{columns, std::vector<float>(n * n)};
    for (int sample = 0; sample < 1024; ++sample) {
        std::vector<float> source(n), x(n);
        for (std::size_t i = 0; i < n; ++i)
            source[i] = static_cast<float>(random.normal() / std::sqrt(static_cast<double>(i + 1)));
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) x[i] += mix[i * n + j] * source[j];
            if (i % 61 == 0) x[i] *= 6;
        }
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) moments.values[i * n + j] += x[i] * x[j] / 1024;
    }
    return moments;
}

std::vector<float> weights_of(std::uint64_t seed) {
    core::Random random(seed);
    std::vector<float> weights(static_cast<std::size_t>(rows * columns));
    for (auto& weight : weights) weight = static_cast<float>(random.normal() * 0.05);
    return weights;
}

double loss(const Moments& moments, const std::vector<float>& weights, const std::vector<float>& decoded) {
    std::vector<float> errors(weights.size());
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = weights[i] - decoded[i];
    return proxy_loss(moments, errors, rows);
}

struct Setting {
    Moments moments = correlated_moments(1);
    Moments damped = regularised(moments, 0, 0.01);
    FeedbackFactors factors = factorise(damped);
    std::vector<float> weights = weights_of(2);
    std::vector<float> diagonal() const {
        std::vector<float> values;
        for (int i = 0; i < columns; ++i) values.push_back(moments.at(i, i));
        return values;
    }
};

TEST(Factors, ReproduceTheInverse) {
    const Setting set;
    const auto n = static_cast<std::size_t>(columns);
    // H · (Uᵀ U) = I
    for (std::size_t i = 0; i < n; i += 37)
        for (std::size_t j = 0; j < n; j += 41) {
            double sum = 0;
            for (std::size_t a = 0; a < n; ++a) {
                double inverse = 0;
                for (std::size_t b = 0; b < n; ++b)
                    inverse += static_cast<double>(set.factors.upper[b * n + a]) * set.factors.upper[b * n + j];
                sum += static_cast<double>(set.damped.values[i * n + a]) * inverse;
            }
            EXPECT_NEAR(sum, i == j ? 1.0 : 0.0, 2e-3);
        }
}

TEST(Factors, RefuseWhatIsNotPositiveDefinite) {
    Moments flat{4, std::vector<float>(16, 1.0f)};
    EXPECT_THROW(factorise(flat), core::Error);
    EXPECT_NO_THROW(factorise(regularised(flat, 0, 0.01)));
    EXPECT_NO_THROW(factorise(regularised(Moments{4, std::vector<float>(16, 0.0f)}, 0, 0.01)));
}

class RoundingOnEveryGrid : public ::testing::TestWithParam<Grid> {};

TEST_P(RoundingOnEveryGrid, FeedbackAndSweepsLowerTheLoss) {
    const Setting set;
    const Grid& grid = GetParam();
    const double nearest =
        loss(set.moments, set.weights, round_nearest(grid, set.weights, rows, set.diagonal()).decoded);
    const double feedback =
        loss(set.moments, set.weights,
             round_with_feedback(grid, set.weights, rows, set.damped, set.factors, {0, false}).decoded);
    const double swept = loss(set.moments, set.weights,
                              round_with_feedback(grid, set.weights, rows, set.damped, set.factors, {2, true}).decoded);
    EXPECT_LT(feedback, 0.7 * nearest);
    EXPECT_LT(swept, feedback);
}

TEST_P(RoundingOnEveryGrid, PackedBytesDecodeToWhatIsReported) {
    const Setting set;
    const Grid& grid = GetParam();
    const RoundedRows rounded = round_with_feedback(grid, set.weights, rows, set.damped, set.factors);
    const auto decoded = engine::decode_rows(model::tensor_type(grid.type)->id, rounded.packed.data(), columns, rows);
    ASSERT_EQ(decoded.size(), rounded.decoded.size());
    for (std::size_t i = 0; i < decoded.size(); ++i) ASSERT_FLOAT_EQ(decoded[i], rounded.decoded[i]);
}

TEST_P(RoundingOnEveryGrid, RowsAreIndependent) {
    const Setting set;
    const Grid& grid = GetParam();
    const RoundedRows whole = round_with_feedback(grid, set.weights, rows, set.damped, set.factors);
    const std::size_t half = set.weights.size() / 2;
    const RoundedRows second =
        round_with_feedback(grid, std::span(set.weights).subspan(half), rows / 2, set.damped, set.factors);
    ASSERT_EQ(second.packed.size() * 2, whole.packed.size());
    EXPECT_TRUE(std::equal(second.packed.begin(), second.packed.end(),
                           whole.packed.begin() + static_cast<std::ptrdiff_t>(second.packed.size())));
}

INSTANTIATE_TEST_SUITE_P(Ggml, RoundingOnEveryGrid, ::testing::ValuesIn(all_grids().begin(), all_grids().end()),
                         [](const auto& grid) { return std::string(grid.param.type); });

TEST(Rounding, RefusesRowsThatDoNotFit) {
    const std::vector<float> weights(100), importance(100, 1.0f);
    EXPECT_THROW(round_nearest(*find_grid("Q4_K"), weights, 1, importance), core::Error);
    EXPECT_EQ(find_grid("F16"), nullptr);
}

}  // namespace
}  // namespace scale::quantize
