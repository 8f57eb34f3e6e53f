#include "quantize/uniform/uniform_rounding.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "quantize/rounding/damping.h"
#include "quantize/uniform/column_order.h"
#include "quantize/uniform/correlated_inputs.h"

namespace scale::quantize {
namespace {

constexpr int columns = 256, rows = 24;

struct Setting {
    Moments moments = moments_of_rows(correlated_rows(768, columns, 1), columns);
    DampedMoments on = damped(moments, 0, 0.01);
    std::vector<float> weights = random_weights(rows * columns, 2);

    double loss(const UniformMatrix& matrix) const {
        std::vector<float> errors = matrix.decoded();
        for (std::size_t i = 0; i < errors.size(); ++i) errors[i] -= weights[i];
        return proxy_loss(moments, errors, rows);
    }
    std::vector<float> diagonal() const {
        std::vector<float> values;
        for (int i = 0; i < columns; ++i) values.push_back(moments.at(i, i));
        return values;
    }
};

std::vector<UniformGrid> grids() {
    return {{4, true, 128, ScaleType::f16},
            {4, false, 64, ScaleType::half_for_both},
            {4, true, 32, ScaleType::bf16},
            {8, true, 0, ScaleType::f32}};
}

TEST(UniformRounding, FeedbackLosesLessThanRoundingToNearest) {
    const Setting set;
    for (const UniformGrid& grid : grids()) {
        const double nearest = set.loss(round_uniform_nearest(grid, set.weights, rows, set.diagonal()));
        const double feedback = set.loss(round_uniform(grid, set.weights, rows, set.on.moments, set.on.factors));
        EXPECT_LT(feedback, 0.7 * nearest) << grid.bits << " bits, group " << grid.group;
    }
}

TEST(UniformRounding, SweepsAndRefitsOnlyHelp) {
    const Setting set;
    for (const UniformGrid& grid : grids()) {
        const auto loss_with = [&](RoundingOptions options) {
            const auto decoded =
                round_uniform(grid, set.weights, rows, set.on.moments, set.on.factors, options).decoded();
            std::vector<float> errors = decoded;
            for (std::size_t i = 0; i < errors.size(); ++i) errors[i] -= set.weights[i];
            return proxy_loss(set.on.moments, errors, rows);
        };
        const double pass = loss_with({0, false}), swept = loss_with({1, false}), refitted = loss_with({2, true});
        EXPECT_LT(swept, pass);
        EXPECT_LT(refitted, swept);
    }
}

TEST(UniformRounding, WeightsOnTheGridStay) {
    const Setting set;
    const UniformGrid grid{4, true, 64, ScaleType::f16};
    std::vector<float> on_grid;
    for (int i = 0; i < rows * columns; ++i) on_grid.push_back(0.015625f * static_cast<float>(i * 7 % 16 - 8));
    const UniformMatrix matrix = round_uniform(grid, on_grid, rows, set.on.moments, set.on.factors);
    EXPECT_EQ(matrix.decoded(), on_grid);
}

TEST(UniformRounding, EveryScaleIsStoredAsItIs) {
    const Setting set;
    for (const UniformGrid& grid : grids())
        for (const GroupScale& scale : round_uniform(grid, set.weights, rows, set.on.moments, set.on.factors).scales)
            ASSERT_EQ(scale.scale, stored_scale(grid.scales, scale.scale));
}

TEST(UniformRounding, RowsDoNotDependOnEachOther) {
    const Setting set;
    const UniformGrid grid{4, false, 128, ScaleType::f16};
    const UniformMatrix whole = round_uniform(grid, set.weights, rows, set.on.moments, set.on.factors);
    const auto last = std::span(set.weights).subspan(static_cast<std::size_t>((rows - 1) * columns));
    const UniformMatrix alone = round_uniform(grid, last, 1, set.on.moments, set.on.factors);
    EXPECT_TRUE(std::equal(alone.codes.begin(), alone.codes.end(), whole.codes.end() - columns));
}

TEST(UniformRounding, ShapesThatDoNotFitAreRefused) {
    const Setting set;
    EXPECT_THROW(round_uniform({4, true, 96, ScaleType::f16}, set.weights, rows, set.on.moments, set.on.factors),
                 core::Error);
}

TEST(ColumnOrder, SortsInsideGroupsAndGroupsByTheirDearestColumn) {
    Moments moments{64, std::vector<float>(64 * 64)};
    for (int i = 0; i < 64; ++i) moments.values[static_cast<std::size_t>(i * 64 + i)] = static_cast<float>(i % 32);
    moments.values[40 * 64 + 40] = 1000;
    const std::vector<int> order = group_aware_order(moments, 32);
    EXPECT_EQ(order[0], 40);
    EXPECT_EQ(order[1], 63);
    EXPECT_EQ(order[32], 31);
    for (int i = 0; i < 32; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)] / 32, 1);
}

TEST(ColumnOrder, RoundingInAnyOrderIsPutBackAsStored) {
    const Setting set;
    const UniformGrid grid{4, true, 64, ScaleType::f16};
    const std::vector<int> order = group_aware_order(set.moments, 64);
    ASSERT_FALSE(std::is_sorted(order.begin(), order.end()));
    const std::vector<float> moved = reordered_columns(set.weights, order);
    const UniformMatrix rounded = round_uniform_nearest(grid, moved, rows, std::vector<float>(columns, 1.0f));
    const UniformMatrix natural = round_uniform_nearest(grid, set.weights, rows, std::vector<float>(columns, 1.0f));
    const UniformMatrix back = restored(rounded, order);
    for (std::size_t i = 0; i < back.codes.size(); ++i) {
        const std::size_t group = i / 64;
        ASSERT_NEAR(back.scales[group].value(back.codes[i]), natural.scales[group].value(natural.codes[i]), 2e-3) << i;
    }
    EXPECT_EQ(reordered(set.moments, order).at(3, 200), set.moments.at(order[3], order[200]));
}

TEST(Damping, IsRaisedUntilTheMomentsCanBeFactorised) {
    Moments indefinite{16, std::vector<float>(256)};
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 16; ++j) indefinite.values[static_cast<std::size_t>(i * 16 + j)] = i == j ? 1.0f : 1.15f;
    const DampedMoments on = damped(indefinite, 0, 0.01);
    EXPECT_GT(on.ridge, 0.05);
    EXPECT_EQ(on.factors.columns, 16);
    indefinite.values[3] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THROW(damped(indefinite, 0, 0.01), core::Error);
}

}  // namespace
}  // namespace scale::quantize
