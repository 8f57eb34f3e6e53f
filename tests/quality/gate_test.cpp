// The rules of the gate, each against measurements made to meet it.
#include "quality/gate.h"

#include <cmath>

#include <gtest/gtest.h>

#include "quality/check/decision.h"
#include "quality/looks.h"
#include "quality/noise.h"

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

TEST(Distribution, TheTailFailsWhereTheMeanPasses) {
    auto sequences = texts(0.001);
    for (auto& s : sequences)
        for (std::size_t t = 0; t < s.kl.size(); t += 33) s.kl[t] = 0.5;
    auto declared = budget();
    declared.kl_mean = 0.1;
    declared.kl_p99 = 0.3;
    const auto checks = distribution_checks(declared, sequences);
    const auto result_of = [&](const std::string& endpoint) {
        for (const auto& check : checks)
            if (check.endpoint == endpoint) return check.result;
        return std::string("none");
    };
    EXPECT_EQ(result_of("kl_mean"), result::pass);
    EXPECT_EQ(result_of("kl_p99"), result::fail);
    EXPECT_EQ(result_of("kl_p999"), "none");  // not declared, not judged
}

TEST(Distribution, ATailWithTooFewTokensSaysSo) {
    auto declared = budget();
    declared.kl_p999 = 0.5;
    const auto checks = distribution_checks(declared, texts(0.001));
    EXPECT_EQ(checks.back().endpoint, "kl_p999");
    EXPECT_EQ(checks.back().result, result::no_power);
    // log 0.05 / log 0.999 independent tokens, times the clustering of the texts.
    EXPECT_NE(checks.back().note.find("a limit needs"), std::string::npos) << checks.back().note;
    EXPECT_EQ(checks.back().upper, no_limit);
}

TEST(Distribution, ProbabilitiesThatMoveFailTheirLimit) {
    auto sequences = texts(0.001);
    for (auto& s : sequences) s.squared_dp = 100 * 0.04;
    auto declared = budget();
    declared.rms_dp = 0.1;
    const auto check = distribution_checks(declared, sequences).back();
    EXPECT_EQ(check.endpoint, "rms_dp");
    EXPECT_NEAR(check.difference, 0.2, 1e-12);
    EXPECT_EQ(check.result, result::fail);
}

TEST(Slices, OneBadStratumFailsThoughTheWholePasses) {
    auto sequences = texts(0.001), others = texts(0.001);
    for (auto& s : sequences) s.stratum = "chat";
    for (int i = 0; i < 10; ++i) {
        others[i].stratum = "json";
        for (double& kl : others[i].kl) kl = 0.045;
        sequences.push_back(others[i]);
    }
    auto declared = budget();
    auto checks = slice_checks(declared, sequences);
    ASSERT_EQ(checks.size(), 2u);
    EXPECT_EQ(checks[0].name, "kl_mean of chat");
    EXPECT_EQ(checks[0].result, result::pass);
    EXPECT_EQ(checks[1].result, result::fail);
    sequences.resize(25);  // five texts of the stratum: too few for a limit
    checks = slice_checks(declared, sequences);
    EXPECT_EQ(checks[1].result, result::no_power);
    declared.slices = "off";
    EXPECT_TRUE(slice_checks(declared, sequences).empty());
}

std::vector<ItemResult> answered(int n, int longer, int looping) {
    std::vector<ItemResult> items;
    for (int i = 0; i < n; ++i) {
        ItemResult item;
        item.id = std::to_string(i);
        item.suite = "reasoning";
        item.cluster = i;
        item.original_answer = {true, i % 5 != 0, i % 5 != 0 ? 1.0 : 0.0, 100 + i % 7, false, false, false};
        item.candidate_answer = {true,        i % 5 != 0, i % 5 != 0 ? 1.0 : 0.0, 100 + longer + i % 7, false,
                                 i < looping, false};
        items.push_back(item);
    }
    return items;
}

const record::GateCheck& named(const std::vector<record::GateCheck>& checks, const std::string& name) {
    for (const auto& check : checks)
        if (check.name == name) return check;
    throw std::runtime_error("no check " + name);
}

TEST(Behaviour, LoopsAndLengthFailThoughEveryAnswerIsRight) {
    auto checks = behaviour_checks(budget(), answered(300, 0, 0));
    ASSERT_EQ(checks.size(), 5u);
    for (const auto& check : checks) EXPECT_EQ(check.result, result::pass) << check.name;
    checks = behaviour_checks(budget(), answered(300, 40, 24));
    EXPECT_EQ(named(checks, "longer answers").result, result::fail);
    EXPECT_EQ(named(checks, "shorter answers").result, result::pass);
    EXPECT_EQ(named(checks, "repetitive answers").result, result::fail);
    EXPECT_NEAR(named(checks, "repetitive answers").candidate, 0.08, 1e-12);
    EXPECT_EQ(named(checks, "refusals").result, result::pass);
    EXPECT_TRUE(behaviour_checks(budget(), suite("reasoning", 30, 20, 0)).empty());
}

TEST(Behaviour, WrittenAnswersAreJudgedByTheirGrades) {
    auto items = answered(300, 0, 0);
    for (int i = 1; i < 300; i += 6) items[i].candidate_answer.right = false;
    const auto checks = suite_checks(budget(), items);
    EXPECT_EQ(checks[0].endpoint, "accuracy");
    EXPECT_NEAR(checks[0].original, 0.8, 1e-12);
    EXPECT_EQ(checks[0].base_only, 40);
    EXPECT_EQ(checks[0].result, result::fail);
}

TEST(Imported, BinaryByCountsOtherScoresByTheirMean) {
    auto declared = budget();
    declared.imports = {{"gsm8k", "exact_match", "strict", 3, false},
                        {"wiki", "nll", "none", 0.05, true},
                        {"absent", "acc", "none", 3, false}};
    std::vector<ImportedScore> scores;
    for (int i = 0; i < 400; ++i) {
        scores.push_back({"gsm8k", std::to_string(i), i % 3 ? 1.0 : 0.0, i % 3 ? 1.0 : 0.0});
        scores.push_back({"wiki", std::to_string(i), 2 + 0.001 * i, 2.2 + 0.001 * i + 0.0001 * (i % 2)});
    }
    const auto checks = imported_checks(declared, scores);
    ASSERT_EQ(checks.size(), 3u);
    EXPECT_EQ(checks[0].endpoint, "accuracy");
    EXPECT_EQ(checks[0].result, result::pass);
    EXPECT_EQ(checks[1].endpoint, "score");
    EXPECT_NEAR(checks[1].difference, 0.20005, 1e-9);  // a smaller loss is better: the rise is what is lost
    EXPECT_EQ(checks[1].result, result::fail);
    EXPECT_EQ(checks[2].result, result::inconclusive);
}

TEST(Noise, AMarginWithinItShowsNothing) {
    auto all = measured(0.001, {suite("reasoning", 300, 240, 0), suite("instructions", 300, 240, 0),
                                suite("long_context", 300, 240, 0)});
    const record::NoiseFloor quiet = noise_floor(measured(1e-6, {suite("reasoning", 40, 30, 0)}), "batch 64", budget());
    EXPECT_EQ(quiet.flips, 0);
    EXPECT_NEAR(quiet.kl_mean, 1e-6, 1e-7);
    EXPECT_EQ(judge(budget(), all, quiet).verdict, result::pass);
    const record::NoiseFloor loud = noise_floor(measured(0.015, {suite("reasoning", 40, 30, 0)}), "batch 64", budget());
    const auto outcome = judge(budget(), all, loud);
    EXPECT_EQ(find(outcome, "distribution", "kl_mean").result, result::no_power);
    EXPECT_EQ(find(outcome, "distribution", "kl_mean").noise, loud.kl_mean);
    EXPECT_FALSE(outcome.verdict == result::pass &&
                 find(outcome, "distribution", "top1_agreement").result != result::pass);
    // What is lost beyond margin and noise together fails all the same.
    const auto bad = judge(budget(), measured(0.2, {}), loud);
    EXPECT_EQ(find(bad, "distribution", "kl_mean").result, result::fail);
}

TEST(Looks, GrowToTheCapAndSpendAlphaOnce) {
    auto declared = budget();
    EXPECT_EQ(plan_looks(declared, false).size(), 1u);
    EXPECT_EQ(plan_looks(declared, false)[0].level, declared.alpha);
    EXPECT_EQ(plan_looks(declared, true)[0].items, 100);
    declared.looks = 3;
    declared.items_cap = 900;
    const auto looks = plan_looks(declared, false);
    ASSERT_EQ(looks.size(), 3u);
    EXPECT_EQ(looks[0].items, 300);
    EXPECT_EQ(looks[1].items, 600);
    EXPECT_EQ(looks[2].items, 900);
    EXPECT_EQ(looks[2].tokens, 3 * declared.kl_tokens);
    EXPECT_LT(looks[0].level, looks[1].level);
    EXPECT_LT(looks[1].level, looks[2].level);
    EXPECT_LT(looks[2].level, declared.alpha);
    EXPECT_EQ(looks[2].spent, declared.alpha);
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
