#include "choice/rules.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scale::choice {
namespace {

using record::Candidate;
using testing::HasSubstr;

constexpr std::uint64_t mib = 1 << 20;

// The original: 512 MiB, 20 requests a minute, 0.5 per million tokens.
Situation bound(const std::string& kind, double memory_mib, double rate, double price = 0) {
    Situation situation;
    situation.constraint.kind = kind;
    situation.constraint.model_bytes = 500 * mib;
    situation.constraint.speed.rate = {20, 19, 21, 3};
    situation.constraint.price_per_million_tokens = 0.5;
    situation.constraint.target = {
        {"memory_mib", memory_mib}, {"requests_per_minute", rate}, {"price_per_million_tokens", price}};
    situation.machine_memory = 4096 * mib;
    situation.points = 2;
    return situation;
}

Candidate candidate(const std::string& name, double bits, std::uint64_t size_mib, double kl, double speedup) {
    Candidate made;
    made.name = name;
    made.target = "llama.cpp";
    made.nominal_bits = bits;
    made.bytes = size_mib * mib;
    made.memory.weights = size_mib * mib;
    made.memory.kv_cache = 10 * mib;
    made.kl_estimate = kl;
    made.trialled = true;
    made.speed_source = "measured (whole model)";
    made.speedup = {speedup, speedup - 0.05, speedup + 0.05, 3};
    made.speed.rate = {20 * speedup, 19 * speedup, 21 * speedup, 3};
    return made;
}

std::vector<Candidate> usual() {
    std::vector<Candidate> all{candidate("F16", 16, 500, 0, 1),        candidate("Q8_0", 8, 270, .0014, 1.5),
                               candidate("Q6_K", 6, 210, .006, 1.3),   candidate("Q5_K_M", 5, 180, .011, 1.4),
                               candidate("Q4_K_M", 4, 150, .03, 1.8),  candidate("Q4_0", 4, 140, .07, 2.0),
                               candidate("IQ4_XS", 4, 130, .036, 0.8), candidate("Q3_K_M", 3, 110, .1, 1.2),
                               candidate("Q2_K", 2, 90, .4, 1.6)};
    Candidate gpu = candidate("GPTQ-4bit-g128", 4, 0, 0, 0);
    gpu.target = "vllm";
    gpu.trialled = false;
    all.push_back(gpu);
    return all;
}

QatPlan accepted_plan() {
    QatPlan plan;
    plan.accepted_by = "R. Viewer, 2026-11-24";
    return plan;
}

const Candidate& named(const Outcome& outcome, const std::string& name) {
    for (const Candidate& candidate : outcome.candidates)
        if (candidate.name == name) return candidate;
    throw std::out_of_range(name);
}

struct Row {
    const char* name;
    Situation situation;
    std::function<void(Situation&, std::vector<Candidate>&)> change;
    const char* type;  // "" for a refusal
    const char* rule;
};

class Deciding : public testing::TestWithParam<Row> {};

TEST_P(Deciding, ChoosesByTheWrittenRule) {
    Situation situation = GetParam().situation;
    std::vector<Candidate> candidates = usual();
    if (GetParam().change) GetParam().change(situation, candidates);
    const Outcome outcome = decide(situation, candidates);
    EXPECT_EQ(outcome.type, GetParam().type) << (outcome.refused() ? outcome.refusal.found : outcome.reason);
    EXPECT_EQ(outcome.rule, GetParam().rule);
    EXPECT_EQ(outcome.refused(), std::string(GetParam().type).empty());
    int chosen = 0;
    for (const Candidate& judged : outcome.candidates) {
        chosen += judged.chosen ? 1 : 0;
        if (outcome.refused()) continue;
        EXPECT_FALSE(judged.rule.empty()) << judged.name;
        EXPECT_FALSE(judged.reason.empty()) << judged.name;
    }
    EXPECT_EQ(chosen, outcome.refused() ? 0 : 1);
}

void pin(Situation& situation, const char* type) {
    situation.pinned = type;
    situation.because = "our clients are built for it";
}

void unlock(Situation& situation) {
    situation.budget = record::Budget{};
    situation.qat_plan = accepted_plan();
}

void set_speedup(std::vector<Candidate>& candidates, const char* name, double speedup) {
    for (Candidate& one : candidates)
        if (one.name == name) one = candidate(name, one.nominal_bits, one.bytes / mib, one.kl_estimate, speedup);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Deciding,
    testing::Values(
        Row{"memory_defaults_to_4_bits", bound("memory", 300, 0), {}, "Q4_K_M", rule::default_4_bit},
        Row{"memory_takes_4_bits_even_where_6_fit", bound("memory", 250, 0), {}, "Q4_K_M", rule::default_4_bit},
        Row{"memory_skips_the_4_bit_type_that_does_not_fit", bound("memory", 145, 0), {}, "IQ4_XS",
            rule::default_4_bit},
        Row{"memory_below_4_bits_is_locked", bound("memory", 125, 0), {}, "", ""},
        Row{"memory_below_4_bits_with_budget_only", bound("memory", 125, 0),
            [](Situation& s, auto&) { s.budget.emplace(); }, "", ""},
        Row{"memory_below_4_bits_with_plan_only", bound("memory", 125, 0),
            [](Situation& s, auto&) { s.qat_plan = accepted_plan(); }, "", ""},
        Row{"memory_below_4_bits_with_both", bound("memory", 125, 0), [](Situation& s, auto&) { unlock(s); }, "Q3_K_M",
            rule::below_4_bit},
        Row{"memory_below_4_bits_is_not_taken_without_need", bound("memory", 300, 0),
            [](Situation& s, auto&) { unlock(s); }, "Q4_K_M", rule::default_4_bit},
        Row{"memory_nothing_fits", bound("memory", 50, 0), [](Situation& s, auto&) { unlock(s); }, "", ""},
        Row{"memory_paramount_takes_int8_where_it_fits", bound("memory", 300, 0),
            [](Situation& s, auto&) { s.quality = "paramount"; }, "Q8_0", rule::int8_quality},
        Row{"memory_paramount_without_room_for_int8", bound("memory", 200, 0),
            [](Situation& s, auto&) { s.quality = "paramount"; }, "Q4_K_M", rule::default_4_bit},
        Row{"memory_small_budget_alone_keeps_4_bits", bound("memory", 300, 0),
            [](Situation& s, auto&) { s.points = 1; }, "Q4_K_M", rule::default_4_bit},
        Row{"throughput_defaults_to_4_bits", bound("throughput", 0, 28), {}, "Q4_K_M", rule::default_4_bit},
        Row{"throughput_worked_example", bound("throughput", 0, 28), [](Situation& s, auto&) { s.points = 1; }, "Q8_0",
            rule::int8_throughput},
        Row{"throughput_int8_off_target", bound("throughput", 0, 33), [](Situation& s, auto&) { s.points = 1; },
            "Q4_K_M", rule::default_4_bit},
        Row{"throughput_int8_not_surely_faster", bound("throughput", 0, 20),
            [](Situation& s, auto& c) {
                s.points = 1;
                set_speedup(c, "Q8_0", 1.03);
            },
            "Q4_K_M", rule::default_4_bit},
        Row{"throughput_paramount_but_int8_slower", bound("throughput", 0, 20),
            [](Situation& s, auto& c) {
                s.quality = "paramount";
                set_speedup(c, "Q8_0", 0.9);
            },
            "Q4_K_M", rule::default_4_bit},
        Row{"throughput_only_the_fastest_4_bit_type_is_on_target", bound("throughput", 0, 39), {}, "Q4_0",
            rule::default_4_bit},
        Row{"throughput_wider_where_4_bits_are_slow", bound("throughput", 0, 27),
            [](Situation&, auto& c) {
                set_speedup(c, "Q4_K_M", 0.9);
                set_speedup(c, "Q4_0", 0.9);
            },
            "Q8_0", rule::wider},
        Row{"throughput_nothing_on_target", bound("throughput", 0, 100), {}, "", ""},
        Row{"throughput_nothing_on_target_accepted", bound("throughput", 0, 100),
            [](Situation& s, auto&) { s.because = "a second machine follows in May"; }, "Q4_0", rule::fastest},
        Row{"throughput_everything_slower", bound("throughput", 0, 22),
            [](Situation& s, auto& c) {
                s.because = "no reason overrides this";
                for (const char* name : {"Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q4_0", "IQ4_XS"})
                    set_speedup(c, name, 0.95);
            },
            "", ""},
        Row{"cost_takes_4_bits_on_target", bound("cost", 0, 0, 0.3), {}, "Q4_K_M", rule::default_4_bit},
        Row{"cost_off_target", bound("cost", 0, 0, 0.2), {}, "", ""},
        Row{"cost_worked_example", bound("cost", 0, 0, 0.35), [](Situation& s, auto&) { s.points = 0.5; }, "Q8_0",
            rule::int8_throughput},
        Row{"pinned", bound("memory", 300, 0), [](Situation& s, auto&) { pin(s, "Q5_K_M"); }, "Q5_K_M", rule::pinned},
        Row{"pinned_beats_int8", bound("throughput", 0, 22),
            [](Situation& s, auto&) {
                s.quality = "paramount";
                pin(s, "Q4_0");
            },
            "Q4_0", rule::pinned},
        Row{"pinned_off_target_stands_by_its_reason", bound("throughput", 0, 100),
            [](Situation& s, auto&) { pin(s, "Q8_0"); }, "Q8_0", rule::pinned},
        Row{"pinned_too_large", bound("memory", 150, 0), [](Situation& s, auto&) { pin(s, "Q5_K_M"); }, "", ""},
        Row{"pinned_slower", bound("throughput", 0, 22), [](Situation& s, auto&) { pin(s, "IQ4_XS"); }, "", ""},
        Row{"pinned_slow_is_fine_for_memory", bound("memory", 300, 0), [](Situation& s, auto&) { pin(s, "IQ4_XS"); },
            "IQ4_XS", rule::pinned},
        Row{"pinned_below_4_bits", bound("memory", 300, 0), [](Situation& s, auto&) { pin(s, "Q2_K"); }, "", ""},
        Row{"pinned_below_4_bits_unlocked", bound("memory", 300, 0),
            [](Situation& s, auto&) {
                unlock(s);
                pin(s, "Q2_K");
            },
            "Q2_K", rule::pinned},
        Row{"pinned_original", bound("memory", 1000, 0), [](Situation& s, auto&) { pin(s, "F16"); }, "", ""},
        Row{"pinned_for_another_deployment", bound("memory", 300, 0),
            [](Situation& s, auto&) { pin(s, "GPTQ-4bit-g128"); }, "", ""},
        Row{"deployment_without_kernels_here", bound("memory", 300, 0), [](Situation& s, auto&) { s.target = "vllm"; },
            "", ""},
        Row{"machine_memory_bounds_where_none_is_stated", bound("throughput", 0, 22),
            [](Situation& s, auto&) { s.machine_memory = 145 * mib; }, "", ""}),
    [](const auto& test) { return test.param.name; });

TEST(Reasons, EveryLoserIsToldWhy) {
    const Outcome outcome = decide(bound("throughput", 0, 28), usual());
    EXPECT_EQ(named(outcome, "F16").rule, rule::reference);
    EXPECT_EQ(named(outcome, "GPTQ-4bit-g128").rule, rule::target);
    EXPECT_EQ(named(outcome, "Q3_K_M").rule, rule::sub_4_bit);
    EXPECT_THAT(named(outcome, "Q3_K_M").reason, HasSubstr("budget and an accepted QAT plan"));
    EXPECT_EQ(named(outcome, "IQ4_XS").rule, rule::slower);
    EXPECT_THAT(named(outcome, "IQ4_XS").reason, HasSubstr("0.80 times"));
    EXPECT_EQ(named(outcome, "Q6_K").rule, rule::on_target);
    EXPECT_THAT(named(outcome, "Q6_K").reason, HasSubstr("serves 26.0 requests/min (measured) where 28.0"));
    EXPECT_THAT(named(outcome, "Q8_0").reason, HasSubstr("wider than the default"));
    EXPECT_THAT(named(outcome, "Q4_0").reason, HasSubstr("0.0700 against 0.0300 of Q4_K_M"));
    EXPECT_THAT(outcome.reason, HasSubstr("serves 36.0 requests/min (measured) where 28.0 are needed"));
}

TEST(Reasons, EqualEstimatesGoToTheFaster) {
    auto candidates = usual();
    for (Candidate& one : candidates)
        if (one.name == "Q4_0") one.kl_estimate = .0301;
    EXPECT_EQ(decide(bound("memory", 300, 0), candidates).type, "Q4_0");
}

TEST(Refusals, NameWhatWouldUnlockTheFittingType) {
    Situation situation = bound("memory", 125, 0);
    const Outcome outcome = rule_out(situation, usual());
    ASSERT_TRUE(outcome.refused());
    EXPECT_THAT(outcome.refusal.found, HasSubstr("Q3_K_M would fit"));
    EXPECT_THAT(outcome.refusal.expected, HasSubstr("a declared quality budget and an accepted QAT plan"));
    EXPECT_THAT(outcome.refusal.next, HasSubstr("scale lock --declare"));

    situation.budget = record::Budget{};
    situation.qat_plan = QatPlan{{"Teacher"}, {}, "R. Viewer"};
    EXPECT_THAT(rule_out(situation, usual()).refusal.expected, HasSubstr("no section on Teacher"));
}

TEST(Refusals, OffTargetGivesTheFastestAndItsGap) {
    const Outcome outcome = decide(bound("throughput", 0, 100), usual());
    ASSERT_TRUE(outcome.refused());
    EXPECT_THAT(outcome.refusal.found,
                HasSubstr("Q4_0, serves 40.0 requests/min (measured) where 100.0 are needed, 2.50 times"));
    EXPECT_THAT(outcome.refusal.next, HasSubstr("--because"));
}

TEST(Trial, IsNotNeededToRefuse) {
    Situation situation = bound("memory", 300, 0);
    pin(situation, "Q2_K");
    auto untried = usual();
    for (Candidate& one : untried) one.trialled = false;
    EXPECT_TRUE(rule_out(situation, untried).refused());
    situation.pinned.clear();
    EXPECT_FALSE(rule_out(situation, untried).refused());
    EXPECT_TRUE(decide(situation, untried).refused());
}

}  // namespace
}  // namespace scale::choice
