#include "calibration/drift/suffering.h"

#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/drift/live_job.h"
#include "core/error.h"
#include "core/random.h"
#include "support/test_model.h"

namespace scale::calibration {
namespace {

using testing::HasSubstr;

// Requests of 50 tokens in conversations of `turns`, alike within one: rates `above` and `kl`, log-normal between
// conversations.
std::vector<Sufferer> requests(core::Random& random, int conversations, int turns, double above, double kl) {
    std::vector<Sufferer> all;
    for (int c = 0; c < conversations; ++c) {
        const double hardness = std::exp(0.6 * random.normal());
        for (int t = 0; t < turns; ++t) all.push_back({c, {above * hardness * 5000, 5000, kl * hardness * 50, 50}});
    }
    return all;
}

TEST(Suffering, EqualsTheRatioOfTheRates) {
    const std::vector<Sufferer> before{{0, {10, 1000, 1, 100}}, {1, {30, 1000, 3, 100}}};
    const std::vector<Sufferer> now{{0, {50, 1000, 2, 100}}, {1, {10, 1000, 0, 100}}};
    const auto tests = compare_suffering(before, now, {});
    ASSERT_EQ(tests.size(), 2u);
    EXPECT_EQ(tests[0].name, "activation");
    EXPECT_NEAR(tests[0].statistic, 60.0 / 40, 1e-12);
    EXPECT_NEAR(tests[0].effect, 0.5, 1e-12);
    EXPECT_EQ(tests[1].name, "shadow KL");
    EXPECT_NEAR(tests[1].statistic, 0.5, 1e-12);
    EXPECT_THAT(tests[1].moved, HasSubstr("0.02000 held out, 0.01000 new"));
    EXPECT_FALSE(tests[0].drifted) << "six deals of four conversations prove nothing";
}

TEST(Suffering, UnchangedTrafficCriesWolfWithItsAlphaThoughRequestsOfAConversationAreAlike) {
    core::Random random(8);
    int alarms = 0;
    constexpr int checks = 300;
    for (int i = 0; i < checks; ++i) {
        const auto before = requests(random, 60, 4, 1e-3, 0.02), now = requests(random, 60, 4, 1e-3, 0.02);
        SufferingOptions options{.alpha = 0.05, .permutations = 199, .seed = random.next()};
        for (const auto& test : compare_suffering(before, now, options)) alarms += test.p <= 0.05 ? 1 : 0;
    }
    // The two rates of a conversation rise together here, so about 15 alarms each; 5 standard deviations above.
    EXPECT_LT(alarms, 2 * (15 + 5 * 4));
    EXPECT_GT(alarms, 4) << "the test is not blind either";
}

TEST(Suffering, ARiseThatMattersIsFoundAndATrifleIsNot) {
    core::Random random(9);
    const auto before = requests(random, 120, 1, 1e-3, 0.02);
    const auto doubled = compare_suffering(before, requests(random, 120, 1, 2e-3, 0.02), {});
    EXPECT_TRUE(doubled[0].drifted);
    EXPECT_FALSE(doubled[1].drifted);
    auto trifle = before;
    for (auto& one : trifle) one.run.kl *= 1.1;
    EXPECT_FALSE(compare_suffering(before, trifle, {.alpha = 1})[1].drifted) << "a tenth does not matter";
    EXPECT_TRUE(compare_suffering(before, {}, {}).empty());
}

record::TrafficCheck inputs(const char* verdict, const char* drifted = nullptr) {
    record::TrafficCheck check;
    check.verdict = verdict;
    check.sentence = "Inputs.";
    if (drifted) check.tests.push_back({drifted, 1, 0, 0.001, 1, "moved", true});
    return check;
}
std::vector<record::DriftTest> suffering(bool activation, bool kl) {
    return {{"activation", 2, 1, 0.001, 1, "more activations", activation},
            {"shadow KL", 2, 1, 0.001, 1, "more KL", kl}};
}

TEST(SufferingRule, RefreshTakesOtherInputsAndSuffering) {
    auto check = inputs("refresh", "topic");
    conclude_with_model(check, suffering(false, true));
    EXPECT_EQ(check.verdict, "refresh");
    EXPECT_FALSE(check.look);
    EXPECT_EQ(check.tests.size(), 3u);
    EXPECT_THAT(check.sentence, HasSubstr("suffers from it: more KL"));
    check = inputs("refresh", "topic");
    conclude_with_model(check, suffering(false, false));
    EXPECT_EQ(check.verdict, "keep");
    EXPECT_TRUE(check.look);
    check = inputs("keep");
    conclude_with_model(check, suffering(true, true));
    EXPECT_EQ(check.verdict, "keep");
    EXPECT_TRUE(check.look);
    EXPECT_THAT(check.sentence, HasSubstr("more activations; more KL"));
    check = inputs("inconclusive");
    conclude_with_model(check, suffering(false, false));
    EXPECT_EQ(check.verdict, "inconclusive");
    EXPECT_FALSE(check.look);
}

TEST(SufferingRule, AnotherSystemPromptIsAlwaysAReason) {
    auto check = inputs("refresh", "system prompt");
    conclude_with_model(check, suffering(false, false));
    EXPECT_EQ(check.verdict, "refresh");
    check = inputs("refresh", "topic");
    conclude_with_model(check, {});
    EXPECT_EQ(check.verdict, "refresh") << "what could not be measured excuses nothing";
}

TEST(ChannelMaxima, CountsInputsBeyondTheLargestOfTheirChannel) {
    ChannelMaxima maxima;
    maxima.observe("w", std::vector<float>{1, -2, 3, 0.5f}, 2, false);  // maxima 3 and 2
    maxima.observe("v", std::vector<float>{9, 9}, 2, true);
    maxima.learn(false);
    maxima.observe("w", std::vector<float>{-3.5f, 2, 2, 2.5f}, 2, false);
    EXPECT_EQ(maxima.above(), 2);
    EXPECT_EQ(maxima.seen(), 4);
    maxima.reset_counts();
    const std::vector<std::int32_t> experts{1};
    maxima.observe_experts("e", std::vector<float>{1, 0}, 2, experts, false);
    EXPECT_EQ(maxima.above(), 1) << "an expert that calibration never chose";
}

TEST(LiveJob, FindsNothingNewInTheCalibrationTextsThemselves) {
    const auto model = test::test_model();
    if (!model) GTEST_SKIP() << "no test model";
    core::Json set = core::Json::array(), other = core::Json::array();
    for (int s = 0; s < 4; ++s) {
        set.push_back(core::Json::array());
        other.push_back(core::Json::array());
        for (int t = 0; t < 10; ++t) set.back().push_back(1 + (s * 131 + t * 17) % 4000);
        for (int t = 0; t < 14; ++t) other.back().push_back(1 + (s * 977 + t * 401) % 4000);
    }
    engine::QuietContext quiet;
    core::Json request{{"original", model->string()},
                       {"artefact", model->string()},
                       {"threads", 1},
                       {"tokens", 1000},
                       {"set", set},
                       {"held_out", set},
                       {"live", other}};
    const core::Json result = live_job(request, quiet);
    const auto same = parse_runs(result, "held_out"), live = parse_runs(result, "live");
    ASSERT_EQ(same.size(), 4u);
    for (const auto& run : same) {
        EXPECT_EQ(run.above, 0);
        EXPECT_EQ(run.tokens, 10);
        EXPECT_LT(run.kl, 1e-6) << "the model against itself";
    }
    for (const auto& run : live) EXPECT_GT(run.above, 0);
    request["artefact"] = "";
    request["tokens"] = 24;  // 48 over both sides: 6 of each
    const auto bounded = parse_runs(live_job(request, quiet), "live");
    for (const auto& run : bounded) {
        EXPECT_EQ(run.tokens, 6);
        EXPECT_EQ(run.kl, 0);
    }
    EXPECT_THROW(parse_runs({{"live", 1}}, "live"), core::Error);
}

}  // namespace
}  // namespace scale::calibration
