#include "quantize/refine/input_moments.h"

#include <gtest/gtest.h>

namespace scale::quantize {
namespace {

// Two columns; rows (1,0), (0,2), (3,0) for experts 0, 1, 0.
const std::vector<float> rows{1, 0, 0, 2, 3, 0};
const std::vector<std::int32_t> chosen{0, 1, 0};

TEST(InputMoments, ExpertsAreDrawnTowardsTheirLayer) {
    InputMomentsCollector collector({"up[0]", "up[1]", "up[2]"});
    EXPECT_TRUE(collector.wants("up"));
    EXPECT_FALSE(collector.wants("down"));
    collector.begin_sample(0);
    collector.observe_experts("up", rows, 2, chosen, false);
    // Layer: Σ = diag(10, 4) over 3 rows. Expert 0: Σ = diag(10, 0) over 2, plus 2 tokens' worth of the layer's mean.
    const Moments first = collector.half("up[0]", 0);
    EXPECT_FLOAT_EQ(first.at(0, 0), static_cast<float>((10 + 2 * 10.0 / 3) / 4));
    EXPECT_FLOAT_EQ(first.at(1, 1), static_cast<float>((0 + 2 * 4.0 / 3) / 4));
    EXPECT_FLOAT_EQ(first.at(0, 1), 0);
    // Without a token: the layer's mean.
    const Moments unseen = collector.whole("up[2]");
    EXPECT_FLOAT_EQ(unseen.at(0, 0), 10.0f / 3);
    EXPECT_FLOAT_EQ(unseen.at(1, 1), 4.0f / 3);
    EXPECT_EQ(collector.tokens("up[0]"), 2u);
    EXPECT_EQ(collector.tokens("up[2]"), 0u);
    // The other half saw nothing.
    EXPECT_FLOAT_EQ(collector.half("up[0]", 1).at(0, 0), 0);
}

TEST(InputMoments, ReadersOfOneInputShareExpertsButCountOnce) {
    InputMomentsCollector collector({"gate[0]", "up[0]", "up[1]"});
    collector.begin_sample(0);
    for (int batch = 0; batch < 2; ++batch) {
        collector.observe_experts("gate", rows, 2, chosen, false);
        collector.observe_experts("up", rows, 2, chosen, true);
    }
    EXPECT_EQ(collector.input_of("gate[0]"), collector.input_of("up[0]"));
    EXPECT_EQ(collector.tokens("up[0]"), 4u);
    EXPECT_EQ(collector.tokens("up[1]"), 2u);  // gate's was not wanted: its own sums
    EXPECT_EQ(collector.tokens("up"), 6u);     // the layer
}

TEST(InputMoments, DenseReadersShareToo) {
    InputMomentsCollector collector({"q", "k"});
    collector.begin_sample(1);
    collector.observe("q", rows, 2, false);
    collector.observe("k", rows, 2, true);
    EXPECT_EQ(collector.tokens("k"), 3u);
    EXPECT_FLOAT_EQ(collector.half("k", 1).at(0, 0), 10.0f / 3);
    EXPECT_FLOAT_EQ(collector.half("k", 0).at(0, 0), 0);
}

}  // namespace
}  // namespace scale::quantize
