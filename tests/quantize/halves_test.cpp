#include "quantize/examine/halves.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/random.h"

namespace scale::quantize {
namespace {

using testing::HasSubstr;

TEST(Halves, DifferenceIsRelativeToTheirMeanAndAMedianOverChannels) {
    // Mean squares 1, 2, 3 and 1.5, 2, 9: differences 0.4, 0, 1.
    const engine::Statistics even{{"w", {{4, 8, 12}, {4}}}}, odd{{"w", {{3, 4, 18}, {2}}}};
    const auto stability = stability_of(even, odd, 6);
    EXPECT_EQ(stability.layers, 1);
    EXPECT_NEAR(stability.median, 0.4, 1e-12);
    EXPECT_NEAR(stability.error, 0.2, 1e-12);
    EXPECT_EQ(stability.worst_layer, "w");
    EXPECT_EQ(stability.unstable, 1);
    EXPECT_EQ(stability.needed, 6 * 64 + 1u);
    EXPECT_THAT(sentence_on(stability), HasSubstr("Not enough for the limit of 5 % in 1 of 1 layers"));
}

TEST(Halves, EqualHalvesAreEnough) {
    const engine::Statistics half{{"w", {{4, 8, 0}, {4}}}};
    const auto stability = stability_of(half, half, 8);
    EXPECT_EQ(stability.unstable, 0);
    EXPECT_EQ(stability.needed, 0u);
    EXPECT_THAT(sentence_on(stability), HasSubstr("Enough samples"));
}

TEST(Halves, ExpertsThatAHalfHasNotSeenAreLeftOut) {
    const engine::Statistics even{{"w", {{4, 4, 7, 7}, {4, 1}}}}, odd{{"w", {{4, 4, 0, 0}, {4, 0}}}};
    EXPECT_EQ(stability_of(even, odd, 2).worst, 0);
    EXPECT_EQ(stability_of(even, {}, 1).layers, 0);
    EXPECT_THAT(sentence_on(stability_of(even, {}, 1)), HasSubstr("too small"));
}

TEST(Halves, TheSumIsThatOfBoth) {
    const auto sum = sum_of({{"a", {{1, 2}, {3}}}}, {{"a", {{4, 5}, {6}}}, {"b", {{7}, {8}}}});
    EXPECT_EQ(sum.at("a").sum_of_squares, (std::vector<double>{5, 7}));
    EXPECT_EQ(sum.at("a").counts, (std::vector<std::uint64_t>{9}));
    EXPECT_EQ(sum.at("b").counts, (std::vector<std::uint64_t>{8}));
}

// What the estimate is for: the error of the mean over all samples, known here because the truth is.
TEST(Halves, HalfTheDifferenceEstimatesTheErrorOfTheWhole) {
    core::Random random(5);
    constexpr std::size_t channels = 4000, samples = 100;
    engine::Statistics even{{"w", {std::vector<double>(channels), {samples / 2}}}}, odd = even;
    for (std::size_t s = 0; s < samples; ++s)
        for (double& sum : (s % 2 ? odd : even).at("w").sum_of_squares) sum += std::pow(random.normal(), 2);
    std::vector<double> errors;
    const engine::Statistics whole = sum_of(even, odd);
    for (const double sum : whole.at("w").sum_of_squares) errors.push_back(std::abs(sum / samples - 1));
    std::nth_element(errors.begin(), errors.begin() + channels / 2, errors.end());
    EXPECT_NEAR(stability_of(even, odd, samples).error, errors[channels / 2], 0.1 * errors[channels / 2]);
}

}  // namespace
}  // namespace scale::quantize
