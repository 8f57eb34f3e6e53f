#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "choice/qat/effort.h"
#include "choice/qat/grids.h"
#include "choice/qat/plan.h"
#include "choice/qat/write.h"

namespace scale::choice {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

QatFacts facts() {
    QatFacts facts;
    facts.gathered.model = "small.gguf";
    facts.gathered.summary.name = "Small 1B";
    facts.gathered.summary.architecture = "llama";
    facts.gathered.summary.parameters = 1'000'000'000;
    facts.gathered.summary.layers = 16;
    facts.gathered.summary.width = 2048;
    facts.gathered.summary.vocabulary = 128'256;
    facts.gathered.summary.context = 8192;
    facts.gathered.situation.constraint.sentence = "We are memory-bound.";
    facts.gathered.situation.constraint.speed.prefill.median = 100;
    facts.gathered.situation.constraint.fingerprint.model_sha256 = std::string(64, 'a');
    facts.candidate.name = "Q3_K_M";
    facts.candidate.nominal_bits = 3;
    facts.candidate.bytes = 500'000'000;
    facts.candidate.bits_per_weight = 4;
    facts.narrowest_unlocked.name = "IQ4_XS";
    facts.tensors = {{"token_embd.weight", "Q6_K", 210, false}, {"blk.0.attn_q.weight", "Q3_K", 110, false}};
    facts.untrained = {false, "Q3_K_M", "", 0.08, 0.05, 0.13, 0, 0, "estimated (prior)"};
    facts.budget.kl_mean = 0.02;
    return facts;
}

TEST(QatWrite, EverySectionIsFilledAndOnlyTheNameIsMissing) {
    const std::string text = qat_plan_text(facts(), "qat-plan.md");
    const QatPlan plan = parse_qat_plan(text);
    EXPECT_TRUE(plan.missing.empty() && plan.empty.empty()) << describe_gaps(plan);
    EXPECT_FALSE(plan.accepted());
    std::string signed_text = text;
    const std::string open = "Accepted by: TBD";
    signed_text.replace(signed_text.find(open), open.size(), "Accepted by: A. Lead, 2026-11-24");
    EXPECT_TRUE(parse_qat_plan(signed_text).accepted());
}

TEST(QatWrite, HoldsThisModelsFigures) {
    const std::string text = qat_plan_text(facts(), "qat-plan.md");
    EXPECT_THAT(
        text, AllOf(HasSubstr("Q3_K              110 blk.0.attn_q.weight"), HasSubstr("2.00 billion = 15259 steps of 64"),
                    HasSubstr("d·s·(q − 4)"), HasSubstr("8 · 1.00·10^9 · 2.00·10^9 = 1.60·10^19")));
    // (0.02 / 0.08)^½ · 0.08 = 0.04
    EXPECT_THAT(
        text, AllOf(HasSubstr("KL at most 0.0400"), HasSubstr("estimated (prior)"), HasSubstr("4.0 times the budget")));
    EXPECT_THAT(text, HasSubstr("512 largest of 128256"));
}

TEST(QatWrite, AMeasuredResultTakesTheEstimatesPlace) {
    QatFacts measured = facts();
    measured.untrained = {true, "Q3_K_M", "FAIL", 0.05, 0.05, 0.052, 0.91, 8192, "measured (gate of entry 7)"};
    const std::string text = qat_plan_text(measured, "qat-plan.md");
    EXPECT_THAT(text,
                AllOf(HasSubstr("mean KL 0.0500 nats a token and top-1 agreement 91.00 % on 8192 tokens; measured"),
                      HasSubstr("Verdict: FAIL"), Not(HasSubstr("Measure it before"))));
}

TEST(QatEffort, TokensFollowBitsAndSize) {
    EXPECT_NEAR(plan_effort(500'000'000, 3, 4096).tokens, 1e9, 2e5);
    EXPECT_NEAR(plan_effort(100'000'000, 2, 4096).tokens, 6e8, 2e5);
    EXPECT_NEAR(plan_effort(1'000'000, 2, 4096).tokens, 1e8, 2e5);      // the least
    EXPECT_NEAR(plan_effort(8'000'000'000, 3, 4096).tokens, 2e9, 2e5);  // the most
    EXPECT_EQ(plan_effort(100'000'000, 2, 4096).learning_rate, 2e-5);
    EXPECT_EQ(plan_effort(100'000'000, 3, 512).length, 512);
}

TEST(QatEffort, CostIsFlopOverUsedPeak) {
    const Effort effort = plan_effort(1'000'000'000, 3, 4096);
    EXPECT_DOUBLE_EQ(effort.flop, 8e9 * effort.tokens);
    const Accelerator& h100 = accelerators().front();
    const Cost cost = cost_on(h100, effort);
    EXPECT_EQ(cost.devices, 1);
    EXPECT_NEAR(cost.hours, effort.flop / (0.4 * 989.4e12) / 3600, 1e-9);
    EXPECT_NEAR(cost.dollars, cost.hours * h100.price_per_hour, 1e-9);
    EXPECT_EQ(cost_on(h100, plan_effort(8'000'000'000, 3, 4096)).devices, 3);  // 144 GB of state over 56 GB each
    EXPECT_NEAR(hours_at(1000, effort), 4 * effort.tokens / 3.6e6, 1e-9);
}

TEST(QatGrids, DescribesEveryTypeThatAMixBelow4BitsUses) {
    for (const char* type : {"Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ3_S", "IQ3_XXS", "IQ2_S", "IQ2_XS", "IQ2_XXS",
                             "IQ4_NL", "IQ4_XS", "Q4_0", "Q5_0", "Q5_1", "Q8_0"})
        EXPECT_FALSE(grid_in_words(type).empty()) << type;
    EXPECT_TRUE(grid_in_words("F32").empty());
}

}  // namespace
}  // namespace scale::choice
