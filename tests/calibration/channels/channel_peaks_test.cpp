#include "calibration/channels/channel_peaks.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/channels/channels_job.h"
#include "core/error.h"
#include "support/test_model.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;

// One sample of one row: 10 channels, 1 everywhere but where it is said.
void run(ChannelPeaks& peaks, std::uint32_t sample, const std::map<std::size_t, float>& at) {
    std::vector<float> row(10, 1.0f);
    for (const auto& [channel, value] : at) row[channel] = value;
    peaks.begin_sample(sample);
    peaks.observe("w", row, 10, false);
    peaks.observe("same input", row, 10, true);
    peaks.end_sample();
}

TEST(ChannelPeaks, ASampleReachesAChannelFromNineTenthsOfTheHighestPeak) {
    ChannelPeaks peaks;
    run(peaks, 0, {{3, -50.0f}});
    run(peaks, 1, {{3, 100.0f}, {4, 20.0f}});  // sample 0 no longer reaches channel 3
    run(peaks, 2, {{3, -91.0f}});
    run(peaks, 3, {{3, 89.0f}, {4, -19.0f}});
    const auto outliers = peaks.outliers();
    ASSERT_EQ(outliers.size(), 1u) << "one input, read by two weights";
    EXPECT_EQ(outliers[0].layer, "w");
    ASSERT_EQ(outliers[0].channels.size(), least_outliers);
    EXPECT_THAT(outliers[0].channels[0].samples, ElementsAre(1u, 2u));
    EXPECT_THAT(outliers[0].channels[1].samples, ElementsAre(1u, 3u));
    EXPECT_THAT(outliers[0].channels[2].samples, ElementsAre(0u, 1u, 2u, 3u));
    // Energies: 2500 + 10000 + 8281 + 7921, 1 + 400 + 1 + 361, and six times 4.
    EXPECT_NEAR(outliers[0].channels[0].weight, 28702.0 / (28702 + 763 + 24), 1e-9);
    double sum = 0;
    for (const auto& channel : outliers[0].channels) sum += channel.weight;
    EXPECT_NEAR(sum, 1, 1e-12);
}

TEST(ChannelPeaks, ExpertsHaveChannelsOfTheirOwn) {
    ChannelPeaks peaks;
    const std::vector<float> rows{1, 2, 3, 4, 5, 6};  // three rows of two
    const std::vector<std::int32_t> experts{2, 0, 2};
    peaks.begin_sample(0);
    peaks.observe_experts("e", rows, 2, experts, false);
    peaks.end_sample();
    const auto outliers = peaks.outliers();
    ASSERT_EQ(outliers.size(), 1u);
    EXPECT_EQ(outliers[0].channels.size(), 4u) << "expert 1 is silent";
    EXPECT_NEAR(outliers[0].channels[0].weight, (4.0 + 36) / 91, 1e-9);
}

TEST(ChannelsJob, CutsSamplesAlikeToTheLimit) {
    EXPECT_EQ(cut_within({10, 20, 30}, 1000), 30u);
    EXPECT_EQ(cut_within({10, 20, 30}, 50), 20u);
    EXPECT_EQ(cut_within({10, 20, 30}, 49), 19u);
    EXPECT_EQ(cut_within({10, 20, 30}, 3), 2u);
    EXPECT_EQ(cut_within({}, 3), 2u);
}

TEST(ChannelsJob, FindsTheSamplesThatReachEveryOutlierChannelOfARealModel) {
    const auto model = test::test_model();
    if (!model) GTEST_SKIP() << "no test model";
    core::Json sequences = core::Json::array();
    for (int s = 0; s < 6; ++s) {
        sequences.push_back(core::Json::array());
        for (int t = 0; t < 12; ++t) sequences.back().push_back(1 + (s * 131 + t * 17) % 4000);
    }
    engine::QuietContext quiet;
    const core::Json request{{"model", model->string()}, {"threads", 1}, {"tokens", 60}, {"sequences", sequences}};
    const core::Json result = channels_job(request, quiet);
    EXPECT_EQ(result["tokens"], 60);
    EXPECT_EQ(result["tokens_per_sample"], 10);
    const auto outliers = parse_outliers(result);
    EXPECT_GE(outliers.size(), 24u) << "four inputs a block, and the head's";
    for (const auto& layer : outliers)
        for (const auto& channel : layer.channels) EXPECT_FALSE(channel.samples.empty()) << layer.layer;
    EXPECT_EQ(channels_job(request, quiet), result);
    EXPECT_THROW(parse_outliers({{"layers", {{{"layer", "w"}}}}}), core::Error);
}

}  // namespace
}  // namespace scale::calibration
