#include "calibration/channels/channel_cover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;

const std::vector<LayerOutliers> two_layers{{"a", {{0.7, {0, 1}}, {0.3, {2}}}}, {"b", {{0.5, {3}}, {0.5, {0, 3}}}}};

TEST(ChannelCover, CoverageIsTheShareOfEnergyInReachedChannels) {
    const auto layers = channel_coverage(two_layers, {0});
    ASSERT_EQ(layers.size(), 2u);
    EXPECT_EQ(layers[0].layer, "a");
    EXPECT_EQ(layers[0].channels, 2);
    EXPECT_DOUBLE_EQ(layers[0].coverage, 0.7);
    EXPECT_DOUBLE_EQ(layers[1].coverage, 0.5);
    EXPECT_DOUBLE_EQ(mean_coverage(layers), 0.6);
    EXPECT_DOUBLE_EQ(mean_coverage(channel_coverage(two_layers, {})), 0);
    EXPECT_DOUBLE_EQ(mean_coverage(channel_coverage(two_layers, {0, 2, 3})), 1);
    EXPECT_DOUBLE_EQ(mean_coverage({}), 1);
}

TEST(ChannelCover, TakesWhatAddsMostWithinTheSeats) {
    // 0 gains 0.6, 3 gains 0.5; after 0 sample 3 still gains 0.25, 2 gains 0.15, 1 nothing.
    EXPECT_THAT(cover_channels(two_layers, {{{1, 0, 2, 3}, 2}}), ElementsAre(0u, 3u));
    EXPECT_THAT(cover_channels(two_layers, {{{1, 0}, 1}, {{2, 3}, 1}}), ElementsAre(0u, 3u));
    EXPECT_THAT(cover_channels(two_layers, {{{1, 0}, 2}, {{2, 3}, 0}}), ElementsAre(0u, 1u)) << "no seat, no sample";
}

TEST(ChannelCover, WhereNothingIsLeftToReachTheOrderByTopicDecides) {
    EXPECT_THAT(cover_channels({}, {{{7, 3, 9, 1}, 2}, {{4, 2}, 1}}), ElementsAre(3u, 4u, 7u));
    EXPECT_THAT(cover_channels(two_layers, {{{9, 8, 1, 0}, 2}}), ElementsAre(0u, 9u));
}

// Against the value by definition, computed anew at every step.
TEST(ChannelCover, EqualsTheEagerGreedyChoice) {
    core::Random random(3);
    std::vector<LayerOutliers> outliers;
    for (int l = 0; l < 5; ++l) {
        outliers.push_back({"layer", {}});
        for (int c = 0; c < 12; ++c) {
            OutlierChannel channel{random.uniform() / 12, {}};
            for (std::uint32_t s = 0; s < 30; ++s)
                if (random.below(10) == 0) channel.samples.push_back(s);
            outliers.back().channels.push_back(channel);
        }
    }
    std::vector<Seats> strata(3);
    for (std::size_t s = 0; s < 30; ++s) strata[s % 3].candidates.push_back(s);
    for (auto& stratum : strata) stratum.seats = 3;
    std::vector<std::size_t> eager;
    for (int step = 0; step < 9; ++step) {
        std::size_t best = 30;
        double best_value = -1;
        for (std::size_t s = 0; s < 30; ++s) {
            auto with = eager;
            with.push_back(s);
            std::size_t of_stratum = 0;
            for (const std::size_t one : with) of_stratum += one % 3 == s % 3 ? 1 : 0;
            if (of_stratum > 3 || std::count(eager.begin(), eager.end(), s) > 0) continue;
            const double value = mean_coverage(channel_coverage(outliers, with));
            if (value <= best_value + 1e-12) continue;
            best = s;
            best_value = value;
        }
        eager.push_back(best);
    }
    std::sort(eager.begin(), eager.end());
    EXPECT_EQ(cover_channels(outliers, strata), eager);
}

}  // namespace
}  // namespace scale::calibration
