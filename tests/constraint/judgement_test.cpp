#include "constraint/judgement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "constraint/sentence.h"
#include "core/error.h"

namespace scale::constraint {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t mib = 1 << 20;

// 512 MiB; 20 requests a minute, 18 to 22 by the round.
Measurement original() {
    Measurement measured;
    measured.memory = {400 * mib, 80 * mib, 32 * mib};
    measured.speed.rate = {20, 18, 22, 3};
    measured.speed.requests_per_minute = 20;
    return measured;
}

record::ConstraintSection stated(const std::string& kind, double memory, double rate, double per_hour = 0,
                                 double per_million = 0) {
    record::ConstraintSection section;
    section.kind = kind;
    section.memory_mib = memory;
    section.requests_per_minute = rate;
    section.price_per_hour = per_hour;
    section.price_per_million_tokens = per_million;
    section.workload.prompt_tokens = 300;
    section.workload.completion_tokens = 200;
    return section;
}

core::Error error_of(const record::ConstraintSection& section, const std::string& because = {}) {
    try {
        judge_constraint(section, original(), because);
    } catch (const core::Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return core::usage_error("none");
}

TEST(Price, FollowsTokensPerHour) {
    // 500 tokens × 20/min × 60 = 600 000 tokens an hour at 0.3 an hour: 0.5 per million.
    EXPECT_DOUBLE_EQ(price_per_million_tokens(0.3, stated("cost", 0, 0).workload, 20), 0.5);
    EXPECT_EQ(price_per_million_tokens(0.3, {}, 0), 0);
}

TEST(Checks, LoadsAreNeededOverFound) {
    const auto checks = check_targets(stated("measure", 256, 30, 0.3, 0.25), original());
    ASSERT_EQ(checks.size(), 3U);
    EXPECT_DOUBLE_EQ(checks[0].load, 2);
    EXPECT_DOUBLE_EQ(checks[1].load, 1.5);
    EXPECT_DOUBLE_EQ(checks[1].load_low, 30.0 / 22);
    EXPECT_DOUBLE_EQ(checks[1].load_high, 30.0 / 18);
    EXPECT_DOUBLE_EQ(checks[2].load, 2);
    EXPECT_LT(checks[2].found.low, checks[2].found.median);
    EXPECT_LT(checks[2].found.median, checks[2].found.high);
}

struct Verdict {
    const char* name;
    record::ConstraintSection section;
    const char* kind;  // "" where it is refused
};

class Judging : public testing::TestWithParam<Verdict> {};

TEST_P(Judging, NamesTheConstraintOrRefuses) {
    const Verdict& verdict = GetParam();
    if (std::string(verdict.kind).empty()) {
        EXPECT_EQ(error_of(verdict.section).kind(), core::ErrorKind::refused);
        return;
    }
    const Judgement judgement = judge_constraint(verdict.section, original(), {});
    EXPECT_EQ(judgement.binding.kind, verdict.kind);
    EXPECT_FALSE(judgement.overridden);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Judging,
    testing::Values(Verdict{"memory_missed", stated("memory", 500, 0), "memory"},
                    Verdict{"memory_met_exactly", stated("memory", 512, 0), ""},
                    Verdict{"rate_missed", stated("throughput", 0, 25), "throughput"},
                    Verdict{"rate_missed_by_the_slowest_round_only", stated("throughput", 0, 19), "throughput"},
                    Verdict{"rate_met_by_every_round", stated("throughput", 0, 18), ""},
                    Verdict{"price_missed", stated("cost", 0, 0, 0.3, 0.4), "cost"},
                    Verdict{"price_met", stated("cost", 0, 0, 0.3, 0.6), ""},
                    Verdict{"measure_takes_the_heaviest", stated("measure", 256, 60, 0.3, 0.4), "throughput"},
                    Verdict{"measure_takes_memory", stated("measure", 100, 60), "memory"},
                    Verdict{"measure_needs_the_median_to_miss", stated("measure", 0, 19), ""},
                    Verdict{"measure_finds_nothing", stated("measure", 1000, 10, 0.3, 1), ""},
                    Verdict{"stated_although_another_is_heavier", stated("memory", 500, 60), "memory"}),
    [](const auto& test) { return test.param.name; });

TEST(Judging, ReasonOverridesARefusal) {
    const Judgement memory = judge_constraint(stated("memory", 1000, 0), original(), "the machine is shared");
    EXPECT_EQ(memory.binding.kind, "memory");
    EXPECT_TRUE(memory.overridden);
    const Judgement nearest = judge_constraint(stated("measure", 1000, 15), original(), "traffic doubles in June");
    EXPECT_EQ(nearest.binding.kind, "throughput");
    EXPECT_TRUE(nearest.overridden);
    EXPECT_FALSE(judge_constraint(stated("memory", 500, 0), original(), "needless").overridden);
}

TEST(Judging, RefusalGivesTheNumbersAndTheOtherConstraint) {
    const core::Error error = error_of(stated("memory", 1000, 60));
    EXPECT_THAT(error.found(), HasSubstr("512.0 MiB"));
    EXPECT_THAT(error.found(), HasSubstr("1000.0 MiB"));
    EXPECT_THAT(error.found(), HasSubstr("throughput target, 3.00 times"));
    EXPECT_THAT(error.next(), HasSubstr("scale set --because"));
}

TEST(Judging, MissingTargetNamesItsKey) {
    const auto found = [](const record::ConstraintSection& section) {
        const core::Error error = error_of(section, "no reason replaces a target");
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        return error.found();
    };
    EXPECT_THAT(found(stated("memory", 0, 10)), HasSubstr("memory_mib"));
    EXPECT_THAT(found(stated("throughput", 500, 0)), HasSubstr("requests_per_minute"));
    EXPECT_THAT(found(stated("cost", 0, 0, 0, 0.5)), HasSubstr("price_per_hour"));
    EXPECT_THAT(found(stated("cost", 0, 0, 0.3, 0)), HasSubstr("price_per_million_tokens"));
    EXPECT_THAT(found(stated("measure", 0, 10, 0, 0.5)), HasSubstr("price_per_hour"));
    EXPECT_THAT(found(stated("measure", 0, 0)), HasSubstr("target"));
}

std::string sentence_for(const record::ConstraintSection& section, const std::string& because = {}) {
    const Measurement measured = original();
    return constraint_sentence(judge_constraint(section, measured, because), measured, section.workload,
                               "Test CPU, 2 cores");
}

TEST(Sentence, NamesOneConstraintWithItsNumbers) {
    EXPECT_EQ(sentence_for(stated("throughput", 500, 30)),
              "This pass is throughput-bound: on Test CPU, 2 cores, for 300 prompt and 200 completion tokens, 4 "
              "requests at once, context 2048, the original serves 20.0 requests/min (measured, 18.0–22.0 over 3 "
              "rounds) where 30.0 are needed, 1.50 times as many.");
    EXPECT_EQ(sentence_for(stated("memory", 256, 30)),
              "This pass is memory-bound: on Test CPU, 2 cores, for 300 prompt and 200 completion tokens, 4 requests "
              "at once, context 2048, the original needs 512.0 MiB (estimated by the engine's allocation plan: weights "
              "400.0 MiB, KV cache 80.0 MiB, compute 32.0 MiB) where 256.0 MiB are available, 2.00 times what there "
              "is.");
    EXPECT_EQ(sentence_for(stated("cost", 0, 0, 0.3, 0.25)),
              "This pass is cost-bound: on Test CPU, 2 cores, for 300 prompt and 200 completion tokens, 4 requests at "
              "once, context 2048, the original costs 0.5 per million tokens (measured, 0.4545–0.5556 over 3 rounds) "
              "where 0.25 is the target, 2.00 times that.");
}

TEST(Sentence, SaysWhenAReasonAloneCarriesIt) {
    EXPECT_THAT(sentence_for(stated("memory", 1000, 0), "shared"), HasSubstr("by a stated reason alone"));
    EXPECT_THAT(sentence_for(stated("throughput", 0, 19)), HasSubstr("its slowest round misses"));
    EXPECT_THAT(sentence_for(stated("throughput", 0, 19)), Not(HasSubstr("times as many")));
}

}  // namespace
}  // namespace scale::constraint
