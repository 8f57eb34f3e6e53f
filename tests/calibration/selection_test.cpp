#include "calibration/selection.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/coverage.h"
#include "core/error.h"
#include "core/hash.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

IndexedRequest indexed(int number, const std::string& conversation = "", Format format = Format::plain,
                       Length length = Length::brief) {
    IndexedRequest request;
    request.place.number = static_cast<std::uint64_t>(number) + 1;
    request.text_hash = core::sha256_hex(fmt::format("text {}", number));
    request.conversation = conversation;
    request.opening = fmt::format("opening {}", number);
    request.format = format;
    request.length = length;
    return request;
}

std::vector<IndexedRequest> plain_requests(int count) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < count; ++i) requests.push_back(indexed(i));
    return requests;
}

TEST(Quotas, GrowWithTheSquareRoot) {
    // √(400, 100, 25, 4) = 20, 10, 5, 2: of 37 seats exactly those.
    EXPECT_THAT(quotas({400, 100, 25, 4}, 37, {.exponent = 0.5, .floor = 0}), ElementsAre(20u, 10u, 5u, 2u));
}

TEST(Quotas, ProportionalForTheHoldout) {
    EXPECT_THAT(quotas({60, 30, 10}, 20, {.exponent = 1, .floor = 0}), ElementsAre(12u, 6u, 2u));
}

TEST(Quotas, TheFloorComesFirstAndNothingIsOverdrawn) {
    EXPECT_THAT(quotas({10000, 3, 1}, 20, {.exponent = 0.5, .floor = 2}), ElementsAre(17u, 2u, 1u));
    EXPECT_THAT(quotas({2, 3}, 20, {}), ElementsAre(2u, 3u)) << "all that is available";
    EXPECT_THAT(quotas({}, 20, {}), ElementsAre());
}

TEST(Quotas, TheFloorGivesWayWhereTheTotalIsShort) {
    const auto seats = quotas(std::vector<std::size_t>(30, 50), 45, {.exponent = 0.5, .floor = 2});
    EXPECT_EQ(std::accumulate(seats.begin(), seats.end(), std::size_t{0}), 45u);
    EXPECT_EQ(*std::min_element(seats.begin(), seats.end()), 1u);
    const auto few = quotas({9, 9, 100}, 2, {.exponent = 0.5, .floor = 2});
    EXPECT_THAT(few, ElementsAre(0u, 0u, 2u));
}

TEST(Split, HoldsOutTheShareAndNothingTwice) {
    const auto requests = plain_requests(1000);
    const Split split = split_requests(requests, 0.25, 1, "log");
    EXPECT_EQ(split.holdout.size(), 250u);
    EXPECT_EQ(split.calibration.size(), 750u);
    check_disjoint(requests, split);
    std::set<std::size_t> all(split.calibration.begin(), split.calibration.end());
    all.insert(split.holdout.begin(), split.holdout.end());
    EXPECT_EQ(all.size(), 1000u);
    EXPECT_EQ(split_requests(requests, 0.25, 1, "log").holdout, split.holdout);
    EXPECT_NE(split_requests(requests, 0.25, 2, "log").holdout, split.holdout);
}

TEST(Split, KeepsConversationsTogether) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 600; ++i) requests.push_back(indexed(i, fmt::format("chat {}", i / 6)));
    const Split split = split_requests(requests, 0.25, 3, "log");
    EXPECT_EQ(split.holdout.size(), 150u);
    check_disjoint(requests, split);
    std::set<std::size_t> chats;
    for (const std::size_t i : split.holdout) chats.insert(i / 6);
    EXPECT_EQ(chats.size(), 25u);
}

TEST(Split, TurnsOfOneChatStayTogetherWithoutAName) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 400; ++i) {
        requests.push_back(indexed(i));
        requests.back().opening = fmt::format("opening {}", i / 4);
    }
    const Split split = split_requests(requests, 0.25, 3, "log");
    for (const std::size_t i : split.holdout)
        for (const std::size_t k : split.calibration) ASSERT_NE(i / 4, k / 4);
}

TEST(Split, ANameThatCoversTheLogIsAClientNotAConversation) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 400; ++i) requests.push_back(indexed(i, "web frontend"));
    EXPECT_EQ(split_requests(requests, 0.25, 1, "log").holdout.size(), 100u);
}

TEST(Split, SmallLogsKeepBothMinima) {
    const Split smallest = split_requests(plain_requests(160), 0.25, 1, "log");
    EXPECT_EQ(smallest.calibration.size(), 128u);
    EXPECT_EQ(smallest.holdout.size(), 32u);
    const Split small = split_requests(plain_requests(165), 0.25, 1, "log");
    EXPECT_EQ(small.calibration.size(), 128u) << "0.25 would leave 124";
    EXPECT_EQ(split_requests(plain_requests(1000), 0.001, 1, "log").holdout.size(), 32u);
}

TEST(Split, TooFewRequestsIsAnErrorWithTheCounts) {
    for (const int count : {0, 1, 159}) {
        try {
            split_requests(plain_requests(count), 0.25, 1, "traffic.jsonl: 7 broken");
            FAIL() << "accepted " << count;
        } catch (const core::Error& error) {
            EXPECT_THAT(error.found(), HasSubstr(fmt::format("7 broken: {} distinct", count)));
            EXPECT_THAT(error.expected(), HasSubstr("160"));
        }
    }
}

TEST(Split, ConversationsTooLargeToSplitAreAnError) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 200; ++i) requests.push_back(indexed(i, fmt::format("chat {}", i / 50)));
    EXPECT_EQ(split_requests(requests, 0.25, 1, "log").holdout.size(), 50u);
    EXPECT_THROW(split_requests(requests, 0.16, 1, "log"), core::Error);
}

TEST(Split, TheCheckSeesAnOverlap) {
    auto requests = plain_requests(4);
    check_disjoint(requests, {{0, 1}, {2, 3}});
    EXPECT_THROW(check_disjoint(requests, {{0, 1}, {1, 3}}), std::logic_error);
    requests[3].opening = requests[0].opening;
    EXPECT_THROW(check_disjoint(requests, {{0, 1}, {2, 3}}), std::logic_error);
}

TrafficIndex hand_made() {
    TrafficIndex index;
    for (int i = 0; i < 10; ++i) index.distinct.push_back(indexed(i, "", i < 6 ? Format::plain : Format::code));
    index.distinct[9].length = Length::extended;
    index.topics = {0, 0, 0, 0, 1, 1, 0, 0, 0, 0};
    index.topic_names = {"bank", "travel"};
    return index;
}

TEST(Coverage, EqualsTheHandComputedFigures) {
    // Traffic: 4 plain/bank, 2 plain/travel, 3 code/bank/short, 1 code/bank/long. Samples: 2, 1, 1, 0.
    const Coverage coverage = coverage_of(hand_made(), {0, 1, 4, 6}, {2});
    ASSERT_EQ(coverage.strata.size(), 4u);
    EXPECT_DOUBLE_EQ(coverage.covered, 0.9);
    // ½ (|.4 − .5| + |.2 − .25| + |.3 − .25| + |.1 − 0|) = ½ · .3
    EXPECT_NEAR(coverage.total_variation, 0.15, 1e-12);
    EXPECT_EQ(coverage.strata[0].format, "code");
    EXPECT_EQ(coverage.strata[0].traffic, 3);
    EXPECT_EQ(coverage.strata[1].length, "long");
    EXPECT_EQ(coverage.strata[1].samples, 0);
    EXPECT_EQ(coverage.strata[2].topic, "bank");
    EXPECT_EQ(coverage.strata[2].samples, 2);
    EXPECT_EQ(coverage.strata[2].holdout, 1);
    EXPECT_EQ(stratum_label(hand_made(), 9), "code / bank / long");
}

TEST(Select, DrawsTheQuotaOfEveryStratumTheSameWayEachTime) {
    const TrafficIndex index = hand_made();
    const std::vector<std::size_t> pool{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    const auto chosen = select(ordered_strata(index, pool, 5), 6, {});
    EXPECT_EQ(chosen.size(), 6u);
    EXPECT_EQ(chosen, select(ordered_strata(index, pool, 5), 6, {}));
    EXPECT_EQ(coverage_of(index, chosen, {}).covered, 1.0) << "the floor reaches every stratum";
}

TEST(Select, FrequentRequestsTendToComeFirst) {
    int first = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        TrafficIndex index;
        index.distinct = plain_requests(10);
        index.topics.assign(10, 0);
        index.distinct[7].occurrences = 90;  // of 99: drawn first with probability 10/11
        const auto strata = ordered_strata(index, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, seed);
        if (strata.begin()->second.front() == 7) ++first;
    }
    EXPECT_GT(first, 160);
    EXPECT_LT(first, 200);
}

}  // namespace
}  // namespace scale::calibration
