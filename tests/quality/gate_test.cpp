// The rules of the gate, each against measurements made to meet it.
#include "quality/gate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "quality/decision.h"

namespace scale::quality {
namespace {

record::Budget budget() {
    record::Budget declared;
    declared.points = 3;
    declared.kl_mean = 0.02;
    return declared;
}

// Scores of four options: `right` prefers the gold, `sure` by how many nats.
std::vector<double> scores(int gold, bool right, double sure = 2) {
    std::vector<double> values(4, -sure);
    values[right ? gold : (gold + 1) % 4] = 0;
    return values;
}

// Item i is right with the original for i < original_right, and flipped with the candidate for i < flips.
std::vector<ItemResult> suite(const std::string& name, int n, int original_right, int flips) {
    std::vector<ItemResult> items;
    for (int i = 0; i < n; ++i) {
        const bool right = i < original_right;
        items.push_back({name + "/" + std::to_string(i),
                         name,
                         "task",
                         i,
                         i % 4,
                         {"a", "b", "c", "d"},
                         scores(i % 4, right),
                         scores(i % 4, i < flips ? !right : right)});
    }
    return items;
}

std::vector<SequenceResult> texts(double kl) {
    std::vector<SequenceResult> sequences;
    for (int i = 0; i < 20; ++i) {
        SequenceResult s;
        s.id = std::to_string(i);
        for (int t = 0; t < 100; ++t) s.kl.push_back(kl * (0.8 + 0.02 * i));
        s.same_top = 99;
        s.original_nll = 300;
        s.candidate_nll = 300 + 100 * kl / 10 * (i % 2);
        sequences.push_back(s);
    }
    return sequences;
}

Measurements measured(double kl, std::initializer_list<std::vector<ItemResult>> suites) {
    Measurements all;
    all.sequences = texts(kl);
    for (const auto& items : suites) all.items.insert(all.items.end(), items.begin(), items.end());
    return all;
}

const record::GateCheck& find(const GateOutcome& outcome, const std::string& category, const std::string& endpoint) {
    for (const auto& check : outcome.checks)
        if (check.category == category && check.endpoint == endpoint) return check;
    throw std::runtime_error("no check " + category + " " + endpoint);
}

TEST(Gate, PassesWhenEveryLimitIsBelowItsMargin) {
    const auto outcome =
        judge(budget(), measured(0.001, {suite("reasoning", 300, 240, 0), suite("instructions", 300, 240, 0),
                                         suite("long_context", 300, 240, 0)}));
    EXPECT_EQ(outcome.verdict, result::pass) << outcome.sentence;
    EXPECT_EQ(find(outcome, "overall", "expected_accuracy").n, 900);
}

// The right option stays first everywhere, but the candidate is far less sure of it.
TEST(Gate, OverallSeesALossThatFlipsNoAnswer) {
    auto items = suite("reasoning", 300, 240, 0);
    for (auto& item : items)
        for (int option = 0; option < 4; ++option)
            if (option != item.gold) item.candidate[option] /= 2;
    const auto outcome = judge(budget(), measured(0.001, {items}));
    EXPECT_EQ(find(outcome, "reasoning", "accuracy").result, result::pass);
    const auto& overall = find(outcome, "overall", "expected_accuracy");
    EXPECT_EQ(overall.base_only, 0);
    EXPECT_GT(overall.difference, 0.1);
    EXPECT_EQ(overall.result, result::fail);
}

TEST(Gate, FailsOnOneBadSuiteAlone) {
    const auto outcome =
        judge(budget(), measured(0.001, {suite("reasoning", 300, 240, 40), suite("instructions", 300, 240, 0),
                                         suite("long_context", 300, 240, 0)}));
    EXPECT_EQ(outcome.verdict, result::fail);
    EXPECT_EQ(find(outcome, "reasoning", "accuracy").result, result::fail);
    EXPECT_EQ(find(outcome, "reasoning", "accuracy").base_only, 40);
    EXPECT_NE(outcome.sentence.find("reasoning"), std::string::npos);
}

TEST(Gate, FailsOnTheDistributionAlone) {
    const auto outcome =
        judge(budget(), measured(0.2, {suite("reasoning", 300, 240, 0), suite("instructions", 300, 240, 0),
                                       suite("long_context", 300, 240, 0)}));
    EXPECT_EQ(outcome.verdict, result::fail);
    EXPECT_EQ(find(outcome, "distribution", "kl_mean").result, result::fail);
}

TEST(Gate, TooFewItemsAreInconclusiveAndSayHowManyAreNeeded) {
    const auto outcome =
        judge(budget(), measured(0.001, {suite("reasoning", 60, 50, 1), suite("instructions", 300, 240, 0),
                                         suite("long_context", 300, 240, 0)}));
    EXPECT_EQ(outcome.verdict, result::inconclusive);
    const auto& check = find(outcome, "reasoning", "accuracy");
    EXPECT_EQ(check.result, result::inconclusive);
    EXPECT_GT(check.items_needed, 60);
}

TEST(Gate, PerplexityAndDistributionAloneNeverPass) {
    const auto outcome = judge(budget(), measured(0.001, {}));
    EXPECT_EQ(outcome.verdict, result::inconclusive);
    EXPECT_NE(outcome.sentence.find("reasoning"), std::string::npos);
}

TEST(Gate, SuitesWithoutTheDistributionNeverPass) {
    Measurements all = measured(0.001, {suite("reasoning", 300, 240, 0), suite("instructions", 300, 240, 0),
                                        suite("long_context", 300, 240, 0)});
    all.sequences.clear();
    EXPECT_EQ(judge(budget(), all).verdict, result::inconclusive);
}

// At chance in what it chooses and in its gold loss: identical models, yet nothing is shown.
TEST(Gate, ASuiteAtChanceHasNoPowerAndPassesNothing) {
    const auto outcome =
        judge(budget(), measured(0.001, {suite("reasoning", 300, 75, 0), suite("instructions", 300, 240, 0),
                                         suite("long_context", 300, 240, 0)}));
    EXPECT_EQ(find(outcome, "reasoning", "accuracy").result, result::no_power);
    EXPECT_EQ(find(outcome, "reasoning", "gold_loss").result, result::no_power);
    EXPECT_EQ(outcome.verdict, result::inconclusive);
    EXPECT_EQ(find(outcome, "overall", "expected_accuracy").n, 600);
}

// The choice is at chance but the gold option is always a close second: the loss has signal, and decides.
TEST(Gate, GoldLossWithSignalReplacesAccuracyWithoutPower) {
    auto items = suite("reasoning", 300, 80, 0);
    for (int i = 80; i < 300; ++i) {
        items[i].original.assign(4, -6);
        items[i].original[items[i].gold] = -0.1;
        items[i].original[(items[i].gold + 1) % 4] = 0;
        items[i].candidate = items[i].original;
    }
    const auto others = {suite("instructions", 300, 240, 0), suite("long_context", 300, 240, 0)};
    Measurements all = measured(0.001, others);
    all.items.insert(all.items.end(), items.begin(), items.end());
    auto outcome = judge(budget(), all);
    EXPECT_EQ(find(outcome, "reasoning", "accuracy").result, result::no_power);
    EXPECT_EQ(find(outcome, "reasoning", "gold_loss").result, result::pass);
    EXPECT_EQ(outcome.verdict, result::pass) << outcome.sentence;
    for (auto& item : all.items)
        if (item.suite == "reasoning") item.candidate[item.gold] -= 0.5;
    outcome = judge(budget(), all);
    EXPECT_EQ(find(outcome, "reasoning", "gold_loss").result, result::fail);
    EXPECT_EQ(outcome.verdict, result::fail);
}

// 300 items on 15 texts, the losses all on one text: the same counts as independent items, but less evidence.
TEST(Gate, ClustersWidenTheLimit) {
    auto clustered = suite("long_context", 300, 240, 6);
    for (int i = 0; i < 300; ++i) clustered[i].cluster = i / 20;
    const auto wide = suite_checks(budget(), clustered);
    const auto narrow = suite_checks(budget(), suite("long_context", 300, 240, 6));
    EXPECT_GT(wide[0].upper, narrow[0].upper);
    EXPECT_EQ(wide[0].clusters, 15);
}

// A suite of few long texts without a single flip must not inflate the design effect of the pool.
TEST(Gate, AQuietClusteredSuiteDoesNotWidenThePool) {
    auto quiet = suite("long_context", 60, 48, 0);
    for (int i = 0; i < 60; ++i) quiet[i].cluster = i / 20;
    auto all = suite("reasoning", 300, 240, 3);
    const auto alone = suite_checks(budget(), all).back();
    all.insert(all.end(), quiet.begin(), quiet.end());
    const auto pooled = suite_checks(budget(), all).back();
    EXPECT_EQ(pooled.n, 360);
    EXPECT_LT(pooled.upper, alone.upper);
}

TEST(Gate, ConsistencyComparesTheAnswersOfTwoVariantsByContent) {
    std::vector<ItemResult> items;
    for (int pair = 0; pair < 100; ++pair)
        for (const bool second : {false, true}) {
            const std::vector<std::string> order =
                second ? std::vector<std::string>{"b", "a"} : std::vector<std::string>{"a", "b"};
            const bool drops = pair < 40 && second;  // the candidate changes its mind on 40 pairs
            const std::vector<double> says_a = second ? std::vector<double>{-1, 0} : std::vector<double>{0, -1};
            const std::vector<double> says_b = second ? std::vector<double>{0, -1} : std::vector<double>{-1, 0};
            items.push_back({"c", "consistency", "where", pair, 0, order, says_a, drops ? says_b : says_a});
        }
    const auto checks = suite_checks(budget(), items);
    EXPECT_EQ(checks[0].endpoint, "agreement");
    EXPECT_EQ(checks[0].original, 1);
    EXPECT_NEAR(checks[0].candidate, 0.6, 1e-12);
    EXPECT_EQ(checks[0].result, result::fail);
}

TEST(Decision, FollowsTheFourRules) {
    EXPECT_EQ(decide({0.01, -0.01, 0.02, 0.03, false}), result::pass);
    EXPECT_EQ(decide({0.05, 0.04, 0.06, 0.03, true}), result::fail);
    EXPECT_EQ(decide({0.04, 0.01, 0.06, 0.03, true}), result::fail);            // beyond the margin and no accident
    EXPECT_EQ(decide({0.04, -0.01, 0.08, 0.03, false}), result::inconclusive);  // beyond it, perhaps by accident
    EXPECT_EQ(decide({0.02, 0.01, 0.04, 0.03, true}), result::inconclusive);    // worse, but perhaps acceptably
}

TEST(Distribution, HandComputedAgreementAndPerplexity) {
    const auto checks = distribution_checks(budget(), texts(0.001));
    ASSERT_EQ(checks.size(), 3u);
    EXPECT_EQ(checks[0].n, 2000);
    EXPECT_NEAR(checks[1].candidate, 0.99, 1e-12);
    EXPECT_NEAR(checks[2].original, std::exp(3), 1e-9);
    EXPECT_EQ(checks[2].clusters, 20);
}

}  // namespace
}  // namespace scale::quality
