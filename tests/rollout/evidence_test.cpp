// Expected values marked "by hand" were computed in Python from the formulas in the headers, term by term.
#include <cmath>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "rollout/evidence/event_test.h"
#include "rollout/evidence/hard_limit.h"
#include "rollout/evidence/latency_test.h"
#include "rollout/evidence/share_check.h"

namespace {

using namespace scale::rollout;

const std::vector<std::pair<bool, double>> six_events = {{true, .1},  {false, .1}, {true, .1},
                                                         {true, .25}, {false, .5}, {true, .5}};

EventTest after(TestDirection direction, double boundary, const std::vector<std::pair<bool, double>>& events) {
    EventTest test(direction, boundary);
    for (const auto& [candidate, share] : events) test.add(candidate, share);
    return test;
}

TEST(EventTest, OneEventByHand) {
    // ρ = ½, r0 = 1: θ(1) = ½, θ(r) = r / (1 + r), E = mean of 2 r_k / (1 + r_k).
    EXPECT_NEAR(std::exp(after(TestDirection::harm, 1, {{true, .5}}).log_evidence()), 1.4627293625214008, 1e-12);
}

TEST(EventTest, SixEventsByHand) {
    EXPECT_NEAR(after(TestDirection::harm, 1, six_events).log_evidence(), 2.073206034223383, 1e-12);
    EXPECT_NEAR(after(TestDirection::harm, 1.5, six_events).log_evidence(), 1.435748603769532, 1e-12);
    EXPECT_NEAR(after(TestDirection::safety, 1.25, six_events).log_evidence(), -1.7850088525564525, 1e-12);
}

TEST(EventTest, LatchesItsHighestEvidence) {
    const EventTest test = after(TestDirection::harm, 1, six_events);
    EXPECT_NEAR(test.highest_log_evidence(), 2.625995585946646, 1e-12);  // by hand: after the fourth event
    EXPECT_NEAR(test.p_value(), std::exp(-2.625995585946646), 1e-12);
    EXPECT_TRUE(test.reached(std::exp(-2.6)));
    EXPECT_FALSE(test.reached(std::exp(-2.7)));
}

TEST(EventTest, WithoutEventsNothingIsKnown) {
    const EventTest test(TestDirection::harm, 1);
    EXPECT_EQ(test.log_evidence(), 0);
    EXPECT_EQ(test.p_value(), 1);
}

TEST(EventTest, AnArmWithoutChoiceSaysNothing) {
    EventTest test(TestDirection::harm, 1);
    test.add(true, 1);
    test.add(false, 0);
    test.add(true, std::nan(""));
    EXPECT_EQ(test.log_evidence(), 0);
    EXPECT_EQ(test.events_on_candidate() + test.events_on_original(), 0u);
}

TEST(EventTest, ManyEventsDoNotOverflow) {
    EventTest test(TestDirection::harm, 1);
    for (int i = 0; i < 20'000; ++i) test.add(true, .01);
    EXPECT_TRUE(std::isfinite(test.log_evidence()));
    EXPECT_GT(test.log_evidence(), 1000);
}

// The expected factor of one event under the boundary ratio is exactly 1: what makes the test valid at every look.
TEST(EventTest, IsAMartingaleAtTheBoundary) {
    for (const auto direction : {TestDirection::harm, TestDirection::safety})
        for (const double share : {.001, .05, .5, .9})
            for (const double boundary : {1.0, 1.25}) {
                const double on_candidate = share * boundary / (share * boundary + 1 - share);
                const double mean =
                    on_candidate * std::exp(after(direction, boundary, {{true, share}}).log_evidence()) +
                    (1 - on_candidate) * std::exp(after(direction, boundary, {{false, share}}).log_evidence());
                EXPECT_NEAR(mean, 1, 1e-12) << share << " " << boundary;
            }
}

TEST(LatencyTest, FiveValuesByHand) {
    LatencyTest test({.alpha = .05, .margin = .1, .expected_count = 5000, .minimum = 2});
    const std::vector<std::tuple<double, bool, double>> values = {
        {1.0, false, .5}, {1.5, true, .5}, {.8, false, .5}, {1.6, true, .25}, {1.1, false, .25}};
    for (const auto& [value, candidate, share] : values) test.add(value, candidate, share);
    EXPECT_EQ(test.count(), 4u);  // the first value only sets the mean to centre by
    EXPECT_NEAR(test.effect(), 1.0166666666666666, 1e-12);
    EXPECT_NEAR(test.halfwidth(), 10.072022330755223, 1e-9);
    EXPECT_FALSE(test.harm());
    EXPECT_FALSE(test.safe());
}

TEST(LatencyTest, NothingIsDecidedBeforeTheMinimum) {
    LatencyTest test({.alpha = .05, .margin = .1, .expected_count = 100, .minimum = 1000});
    for (int i = 0; i < 1500; ++i) test.add(i % 2 ? 9.0 : 1.0, i % 2, .5);
    EXPECT_FALSE(test.harm());
    EXPECT_FALSE(test.enough());
    for (int i = 0; i < 1500; ++i) test.add(i % 2 ? 9.0 : 1.0, i % 2, .5);
    EXPECT_TRUE(test.enough());
    EXPECT_TRUE(test.harm());
}

TEST(LatencyTest, EqualArmsBecomeSafe) {
    LatencyTest test({.alpha = .05, .margin = .2, .expected_count = 2000, .minimum = 200});
    for (int i = 0; i < 8000; ++i) test.add(1 + .3 * std::sin(i), i % 2, .5);
    EXPECT_TRUE(test.safe());
    EXPECT_FALSE(test.harm());
}

TEST(ShareCheck, StepsByHand) {
    ShareCheck check;
    for (const auto& [candidate, share] :
         std::vector<std::pair<bool, double>>{{true, .1}, {true, .1}, {false, .1}, {true, .5}, {false, .5}})
        check.add(candidate, share);
    EXPECT_NEAR(check.log_evidence(), 0.005953327524327673, 1e-12);
    EXPECT_EQ(check.candidate_units(), 3u);
    EXPECT_EQ(check.original_units(), 2u);
}

TEST(ShareCheck, OneSidedTrafficRaisesTheAlarmAtTheComputedUnit) {
    ShareCheck check;
    for (int i = 1; i <= 125; ++i) check.add(true, .5);
    EXPECT_FALSE(check.mismatch());
    check.add(true, .5);  // by hand: the 126th
    EXPECT_TRUE(check.mismatch());
    for (int i = 0; i < 5000; ++i) check.add(i % 2, .5);
    EXPECT_TRUE(check.mismatch()) << "an alarm stays";
}

TEST(ShareCheck, RightSharesAndARampStayQuiet) {
    ShareCheck check;
    for (const int period : {100, 20, 10, 2})
        for (int i = 0; i < 5000; ++i) check.add(i % period == 0, 1.0 / period);
    EXPECT_FALSE(check.mismatch());
}

TEST(HardLimit, FourFailuresInARowOfSeveralUnits) {
    HardLimit limit;
    for (int i = 0; i < 1000; ++i) limit.add(false, "unit");
    for (int i = 0; i < 3; ++i) limit.add(true, "unit" + std::to_string(i));
    EXPECT_FALSE(limit.tripped());  // 3 ln 20 = 8.99 < ln 100000 = 11.51
    limit.add(true, "unit3");
    EXPECT_TRUE(limit.tripped());  // 4 ln 20 = 11.98
}

TEST(HardLimit, OneUnitNeedsThreeTimesAsMuch) {
    HardLimit limit;
    for (int i = 0; i < 11; ++i) limit.add(true, "poison");
    EXPECT_FALSE(limit.tripped());  // 11 ln 20 = 32.95 < 3 ln 100000 = 34.54
    limit.add(true, "poison");
    EXPECT_TRUE(limit.tripped());
}

TEST(HardLimit, AnOrdinaryErrorRateStaysBelow) {
    HardLimit limit;
    for (int i = 0; i < 100'000; ++i) limit.add(i % 100 == 0, "unit" + std::to_string(i));
    EXPECT_FALSE(limit.tripped());
}

TEST(HardLimit, ABrokenRateTripsSoon) {
    HardLimit limit;
    int requests = 0;
    while (!limit.tripped() && requests < 1000) {
        limit.add(requests % 5 == 0, "unit" + std::to_string(requests));
        ++requests;
    }
    // Each five requests add ln 20 − 4 ln (.99/.80) = 2.14: the limit is reached within six rounds.
    EXPECT_LE(requests, 30);
}

}  // namespace
