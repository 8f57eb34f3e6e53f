#include "quantize/fold/search.h"

#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quantize/uniform/correlated_inputs.h"

namespace scale::quantize {
namespace {

constexpr int columns = 128, rows = 64;

struct Setting {
    std::vector<float> first, second;
    HalvedMoments moments;
    InputSample sample;
    std::vector<UniformReader> readers{{"q", rows, random_weights(rows* columns, 3)}};

    explicit Setting(float strong)
        : first(correlated_rows(256, columns, 1, strong)),
          second(correlated_rows(256, columns, 2, strong)),
          moments(halved(first, second, columns)) {
        sample.columns = columns;
        sample.rows = {first, second};
        for (auto& peaks : sample.peaks) peaks.assign(columns, 0.0f);
        for (std::size_t half = 0; half < 2; ++half)
            for (std::size_t i = 0; i < sample.rows[half].size(); ++i)
                sample.peaks[half][i % columns] =
                    std::max(sample.peaks[half][i % columns], std::abs(sample.rows[half][i]));
    }
};

TEST(ChannelScales, FollowTheExponent) {
    const std::vector<float> inputs{1, 4, 16, 64}, weights{1, 1, 1, 1};
    EXPECT_THAT(salience_scales(inputs, weights, 0), testing::Each(testing::FloatNear(1, 1e-6f)));
    const auto half = salience_scales(inputs, weights, 0.5);
    EXPECT_NEAR(half[3] / half[0], 8, 1e-4);
    EXPECT_NEAR(half[0] * half[3], 1, 1e-5);  // balanced round 1
    const auto smooth = smoothing_scales(inputs, {{1, 2, 4, 8}}, 0.5);
    EXPECT_NEAR(smooth[3] / smooth[0], std::sqrt(64.0 / 8), 1e-4);
}

TEST(ChannelScales, SharedChannelsHaveOneScale) {
    const std::vector<float> inputs{1, 4, 16, 64}, weights{1, 1, 1, 1};
    const auto scales = smoothing_scales(inputs, weights, 1, {0, 1, 0, 1});
    EXPECT_EQ(scales[0], scales[2]);
    EXPECT_EQ(scales[1], scales[3]);
    EXPECT_NEAR(scales[1] / scales[0], 4, 1e-4);  // the largest of each
}

TEST(ChannelScales, SilentChannelsAreNotScaledWithoutBound) {
    for (const float scale : salience_scales(std::vector<float>{0, 1, 2, 3}, std::vector<float>{0, 1, 0, 1}, 0.5)) {
        EXPECT_TRUE(std::isfinite(scale));
        EXPECT_GT(scale, 0);
    }
}

TEST(FoldSearch, OutlierInputsMakeSmoothingWorthIt) {
    const Setting set(100);
    const UniformGrid grid{8, true, 0, ScaleType::f16};
    const FoldChoice choice = search_smoothing_fold({grid, set.readers, set.moments, set.sample}, {});
    ASSERT_EQ(choice.scales.size(), static_cast<std::size_t>(columns));
    EXPECT_LT(choice.folded_loss, 0.7 * choice.plain_loss);
    EXPECT_GT(choice.scales[61], 2 * choice.scales[60]);
}

TEST(FoldSearch, AFoldIsNeverTakenAgainstHeldOutInputs) {
    for (const float strong : {1.0f, 6.0f, 100.0f}) {
        const Setting set(strong);
        const UniformGrid grid{4, false, 32, ScaleType::f16};
        const FoldChoice choice = search_salience_fold({grid, set.readers, set.moments, set.sample}, {});
        EXPECT_EQ(!choice.scales.empty(), choice.folded_loss < choice.plain_loss) << strong;
        EXPECT_GT(choice.plain_loss, 0);
    }
}

TEST(FoldSearch, ScalingInputsAndColumnsLeavesTheProductAlone) {
    const Setting set(6);
    const std::vector<float> scales =
        smoothing_scales(set.sample.peaks[0], column_peaks(set.readers[0].weights, columns), 0.5);
    std::vector<float> weights = set.readers[0].weights;
    scale_columns(weights, scales);
    const HalvedMoments scaled = scaled_inputs(set.moments, scales);
    EXPECT_NEAR(proxy_loss(scaled.whole, weights, rows) / proxy_loss(set.moments.whole, set.readers[0].weights, rows),
                1, 1e-4);
}

TEST(FoldSearch, TokensAreRoundedByTheirOwnLargest) {
    std::vector<float> tokens{127, 1.4f, -3.6f, 0, 0.127f, 0.0014f, -0.0036f, 0, 0, 0, 0, 0};
    round_tokens(tokens, 4);
    EXPECT_THAT(tokens, testing::Pointwise(testing::FloatNear(1e-6f), {127.0f, 1.0f, -4.0f, 0.0f, 0.127f, 0.001f,
                                                                       -0.004f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f}));
}

}  // namespace
}  // namespace scale::quantize
