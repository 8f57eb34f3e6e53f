#include "calibration/drift/comparison.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"

namespace scale::calibration {
namespace {

using testing::HasSubstr;

// Traffic of two topics: a share `cards` of the conversations speaks of cards, the rest of trains; `turns` requests
// each.
std::vector<Sighting> traffic(std::uint64_t seed, int conversations, double cards, int turns = 1, double code = 0.1) {
    const std::vector<std::string> card{"card", "payment", "refund", "bank", "fee", "account", "limit", "transfer"};
    const std::vector<std::string> train{"train", "ticket", "seat", "station", "delay", "platform", "luggage", "night"};
    core::Random random(seed);
    std::vector<Sighting> sightings;
    for (int c = 0; c < conversations; ++c) {
        const auto& words = random.uniform() < cards ? card : train;
        for (int t = 0; t < turns; ++t) {
            Sighting sighting;
            sighting.group = fmt::format("{}/{}", seed, c);
            for (int w = 0; w < 8; ++w) sighting.text += random.pick(words) + " ";
            sighting.format = static_cast<int>(random.uniform() < code ? Format::code : Format::plain);
            sighting.length = static_cast<int>(random.below(3));
            sighting.system = "s1";
            sightings.push_back(sighting);
        }
    }
    return sightings;
}

record::TrafficCheck compare(const std::vector<Sighting>& before, const std::vector<Sighting>& now,
                             int permutations = 999) {
    const TrafficProfile profile = TrafficProfile::fit(before, 1);
    std::vector<Observation> observations;
    for (const Sighting& sighting : now) observations.push_back(profile.observe(sighting));
    ComparisonOptions options;
    options.permutations = permutations;
    return compare_traffic(profile, observations, options);
}

const record::DriftTest& test_of(const record::TrafficCheck& check, const std::string& name) {
    for (const auto& test : check.tests)
        if (test.name == name) return test;
    throw std::out_of_range(name);
}

TEST(Comparison, UnchangedTrafficIsKept) {
    const auto check = compare(traffic(1, 2000, 0.5), traffic(2, 1000, 0.5));
    EXPECT_EQ(check.verdict, "keep") << check.sentence;
    EXPECT_EQ(check.tests.size(), 6u);
    EXPECT_EQ(check.conversations, 1000u);
}

TEST(Comparison, AShiftOfTopicsIsFoundAndNamed) {
    const auto check = compare(traffic(1, 2000, 0.5), traffic(2, 1000, 0.7));
    EXPECT_EQ(check.verdict, "refresh");
    EXPECT_TRUE(test_of(check, "content").drifted);
    EXPECT_FALSE(test_of(check, "format").drifted);
    EXPECT_NEAR(test_of(check, "topic").effect, 0.2, 0.06);
    EXPECT_THAT(check.sentence, HasSubstr("topic '"));
}

TEST(Comparison, FormatsAndSystemPromptsAreWatched) {
    auto check = compare(traffic(1, 2000, 0.5), traffic(2, 1000, 0.5, 1, 0.3));
    EXPECT_TRUE(test_of(check, "format").drifted);
    EXPECT_THAT(check.sentence, HasSubstr("format 'code'"));
    auto now = traffic(2, 1000, 0.5);
    for (auto& sighting : now) sighting.system = "s2";
    check = compare(traffic(1, 2000, 0.5), now);
    EXPECT_TRUE(test_of(check, "system prompt").drifted);
    EXPECT_THAT(check.sentence, HasSubstr("system prompt 's1': 100.0 % to 0.0 %"));
    EXPECT_FALSE(test_of(check, "content").drifted);
}

TEST(Comparison, ATrifleIsNotDriftHoweverSignificant) {
    const auto check = compare(traffic(1, 16000, 0.5), traffic(2, 8000, 0.5, 1, 0.13));
    const auto& format = test_of(check, "format");
    EXPECT_LT(format.p, 0.002);
    EXPECT_FALSE(format.drifted) << "3 requests in 100";
}

// Forty turns of one conversation are not forty observations: with requests dealt singly, chance differences between a
// few conversations would look like drift.
TEST(Comparison, ConversationsAreDealtWhole) {
    int alarms = 0;
    for (std::uint64_t seed = 0; seed < 20; ++seed)
        alarms +=
            compare(traffic(100 + seed, 120, 0.5, 20), traffic(200 + seed, 60, 0.5, 20), 599).verdict == "refresh";
    EXPECT_EQ(alarms, 0);
}

TEST(Comparison, TooFewRequestsAreInconclusiveUnlessTheShiftShows) {
    EXPECT_EQ(compare(traffic(1, 2000, 0.5), traffic(2, 100, 0.5)).verdict, "inconclusive");
    EXPECT_EQ(compare(traffic(1, 2000, 0.5), traffic(2, 100, 0.5)).needed, least_requests);
    EXPECT_EQ(compare(traffic(1, 2000, 0.5), {}).verdict, "inconclusive");
    EXPECT_EQ(compare(traffic(1, 2000, 0.5), traffic(2, 100, 1.0), 1999).verdict, "refresh");
    EXPECT_EQ(compare(traffic(1, 2000, 0.5), traffic(2, 10, 0.5, 100)).verdict, "inconclusive")
        << "a thousand requests, but ten conversations";
}

TEST(Profile, SurvivesBeingStored) {
    const TrafficProfile profile = TrafficProfile::fit(traffic(1, 400, 0.5), 1);
    const TrafficProfile again = TrafficProfile::from_json(profile.to_json(), "profile");
    EXPECT_EQ(again.to_json(), profile.to_json());
    ASSERT_EQ(again.reference().size(), 200u);
    const Sighting sighting = traffic(5, 1, 0.5)[0];
    EXPECT_EQ(again.observe(sighting).content, profile.observe(sighting).content);
    EXPECT_EQ(again.observe(sighting).category, profile.observe(sighting).category);
}

TEST(Profile, DamagedOnesAreInputErrors) {
    const std::string good = TrafficProfile::fit(traffic(1, 400, 0.5), 1).to_json();
    EXPECT_THROW(TrafficProfile::from_json("{}", "p"), core::Error);
    for (const std::string key : {"\"centres\"", "\"reference\"", "\"systems\"", "\"frequencies\""}) {
        std::string bad = good;
        bad.replace(bad.find(key), key.size(), "\"x\"");
        EXPECT_THROW(TrafficProfile::from_json(bad, "p"), core::Error) << key;
    }
}

TEST(Profile, HoldsNoTextOfTheTraffic) {
    auto sightings = traffic(1, 400, 0.5);
    for (auto& sighting : sightings) sighting.text += " rosebud-" + sighting.group;
    EXPECT_THAT(TrafficProfile::fit(sightings, 1).to_json(), testing::Not(HasSubstr("rosebud-")));
}

}  // namespace
}  // namespace scale::calibration
