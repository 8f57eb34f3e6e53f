#include "calibration/selection.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "calibration/coverage.h"
#include "calibration/facility_location.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/random.h"

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

std::vector<Supply> equal_tokens(const std::vector<std::size_t>& available) {
    std::vector<Supply> strata;
    for (const std::size_t n : available) strata.push_back({n, 1.0});
    return strata;
}

// Every request unlike the others: no near-duplicates.
TrafficIndex index_of(std::vector<IndexedRequest> requests) {
    TrafficIndex index;
    index.distinct = std::move(requests);
    core::Random random(1);
    for (std::size_t i = 0; i < index.distinct.size(); ++i) {
        index.clusters.push_back(i);
        index.signatures.push_back(signature_of(index.distinct[i].text_hash));
        index.topics.push_back(0);
        index.vectors.emplace_back();
        index.vectors.back()[random.below(topic_dimensions)] = 1;
    }
    index.topic_names = {"all"};
    return index;
}

Split split_of(const std::vector<IndexedRequest>& requests, double holdout, std::uint64_t seed = 1, double canary = 0,
               const std::string& source = "log") {
    return split_requests(index_of(requests), {holdout, canary, seed}, source);
}

TEST(Quotas, GrowWithTheSquareRoot) {
    // √(400, 100, 25, 4) = 20, 10, 5, 2: of 37 seats exactly those.
    EXPECT_THAT(quotas(equal_tokens({400, 100, 25, 4}), 37, {.exponent = 0.5, .floor = 0}),
                ElementsAre(20u, 10u, 5u, 2u));
}

TEST(Quotas, ProportionalForTheHoldout) {
    EXPECT_THAT(quotas(equal_tokens({60, 30, 10}), 20, {.exponent = 1, .floor = 0}), ElementsAre(12u, 6u, 2u));
}

TEST(Quotas, TheFloorComesFirstAndNothingIsOverdrawn) {
    EXPECT_THAT(quotas(equal_tokens({10000, 3, 1}), 20, {.exponent = 0.5, .floor = 2}), ElementsAre(17u, 2u, 1u));
    EXPECT_THAT(quotas(equal_tokens({2, 3}), 20, {}), ElementsAre(2u, 3u)) << "all that is available";
    EXPECT_THAT(quotas(equal_tokens({}), 20, {}), ElementsAre());
}

TEST(Quotas, TheFloorGivesWayWhereTheTotalIsShort) {
    const auto seats = quotas(equal_tokens(std::vector<std::size_t>(30, 50)), 45, {.exponent = 0.5, .floor = 2});
    EXPECT_EQ(std::accumulate(seats.begin(), seats.end(), std::size_t{0}), 45u);
    EXPECT_EQ(*std::min_element(seats.begin(), seats.end()), 1u);
    const auto few = quotas(equal_tokens({9, 9, 100}), 2, {.exponent = 0.5, .floor = 2});
    EXPECT_THAT(few, ElementsAre(0u, 0u, 2u));
}

TEST(Split, HoldsOutTheShareAndNothingTwice) {
    const auto requests = plain_requests(1000);
    const Split split = split_of(requests, 0.25, 1);
    EXPECT_EQ(split.holdout.size(), 250u);
    EXPECT_EQ(split.calibration.size(), 750u);
    check_disjoint(requests, split);
    std::set<std::size_t> all(split.calibration.begin(), split.calibration.end());
    all.insert(split.holdout.begin(), split.holdout.end());
    EXPECT_EQ(all.size(), 1000u);
    EXPECT_EQ(split_of(requests, 0.25, 1).holdout, split.holdout);
    EXPECT_NE(split_of(requests, 0.25, 2).holdout, split.holdout);
}

TEST(Split, KeepsConversationsTogether) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 600; ++i) requests.push_back(indexed(i, fmt::format("chat {}", i / 6)));
    const Split split = split_of(requests, 0.25, 3);
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
    const Split split = split_of(requests, 0.25, 3);
    for (const std::size_t i : split.holdout)
        for (const std::size_t k : split.calibration) ASSERT_NE(i / 4, k / 4);
}

TEST(Split, ANameThatCoversTheLogIsAClientNotAConversation) {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 400; ++i) requests.push_back(indexed(i, "web frontend"));
    EXPECT_EQ(split_of(requests, 0.25, 1).holdout.size(), 100u);
}

TEST(Split, SmallLogsKeepBothMinima) {
    const Split smallest = split_of(plain_requests(160), 0.25, 1);
    EXPECT_EQ(smallest.calibration.size(), 128u);
    EXPECT_EQ(smallest.holdout.size(), 32u);
    const Split small = split_of(plain_requests(165), 0.25, 1);
    EXPECT_EQ(small.calibration.size(), 128u) << "0.25 would leave 124";
    EXPECT_EQ(split_of(plain_requests(1000), 0.001, 1).holdout.size(), 32u);
}

TEST(Split, TooFewRequestsIsAnErrorWithTheCounts) {
    for (const int count : {0, 1, 159}) {
        try {
            split_of(plain_requests(count), 0.25, 1, 0, "traffic.jsonl: 7 broken");
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
    EXPECT_EQ(split_of(requests, 0.25, 1).holdout.size(), 50u);
    EXPECT_THROW(split_of(requests, 0.16, 1), core::Error);
}

TEST(Split, TheCheckSeesAnOverlap) {
    auto requests = plain_requests(4);
    check_disjoint(requests, {{0, 1}, {2, 3}, {}, {}, {}});
    EXPECT_THROW(check_disjoint(requests, {{0, 1}, {1, 3}, {}, {}, {}}), std::logic_error);
    requests[3].opening = requests[0].opening;
    EXPECT_THROW(check_disjoint(requests, {{0, 1}, {2, 3}, {}, {}, {}}), std::logic_error);
}

TEST(Quotas, CountTokensNotSamples) {
    // √(tokens) of 400 · 1 and 100 · 4 are equal, so are the tokens given: four short samples for a long one.
    EXPECT_THAT(quotas({{400, 1.0}, {100, 4.0}}, 50, {.exponent = 0.5, .floor = 0}), ElementsAre(40u, 10u));
    // In proportion to the requests whatever their length.
    EXPECT_THAT(quotas({{60, 1.0}, {30, 50.0}, {10, 3.0}}, 20, {.exponent = 1, .floor = 0}), ElementsAre(12u, 6u, 2u));
}

TEST(Split, TheCanaryIsReadByNeither) {
    const auto requests = plain_requests(1000);
    const Split split = split_of(requests, 0.25, 1, 0.05);
    EXPECT_EQ(split.holdout.size(), 250u);
    EXPECT_EQ(split.canary.size(), 50u);
    EXPECT_EQ(split.calibration.size(), 700u);
    check_disjoint(requests, split);
    EXPECT_TRUE(split_of(plain_requests(160), 0.25, 1, 0.05).canary.empty()) << "too small a log";
}

TEST(Split, NearDuplicatesAcrossTheSplitAreSetAside) {
    TrafficIndex index = index_of(plain_requests(1000));
    for (std::size_t i = 0; i + 1 < 200; i += 2) {
        index.clusters[i + 1] = i;
        index.signatures[i + 1] = index.signatures[i];
    }
    const Split split = split_requests(index, {0.25, 0.05, 1}, "log");
    EXPECT_GT(split.set_aside.size(), 10u);
    EXPECT_EQ(split.calibration.size() + split.holdout.size() + split.canary.size() + split.set_aside.size(), 1000u);
    EXPECT_EQ(split.holdout.size(), 250u) << "the gate keeps its own";
    EXPECT_TRUE(near_duplicates_across(index, split.calibration, split.holdout).empty());
    EXPECT_TRUE(near_duplicates_across(index, split.calibration, split.canary).empty());
    EXPECT_TRUE(near_duplicates_across(index, split.canary, split.holdout).empty());
    EXPECT_FALSE(near_duplicates_across(index, split.set_aside, split.holdout).empty());
}

TEST(Split, WhatOverlapsWithAnEvaluationSetIsOnNoSide) {
    TrafficIndex index = index_of(plain_requests(300));
    for (std::size_t i = 0; i < 20; ++i) index.distinct[i].overlap = "gsm8k";
    const Split split = split_requests(index, {0.25, 0, 1}, "log");
    EXPECT_EQ(split.overlaps.size(), 20u);
    EXPECT_EQ(split.calibration.size() + split.holdout.size(), 280u);
    EXPECT_GE(std::min(split.calibration.front(), split.holdout.front()), 20u);
    for (std::size_t i = 0; i < 200; ++i) index.distinct[i].overlap = "gsm8k";
    try {
        split_requests(index, {0.25, 0, 1}, "log");
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr("200 that overlap with an evaluation set"));
    }
}

TrafficIndex hand_made() {
    std::vector<IndexedRequest> requests;
    for (int i = 0; i < 10; ++i) requests.push_back(indexed(i, "", i < 6 ? Format::plain : Format::code));
    requests[9].length = Length::extended;
    TrafficIndex index = index_of(std::move(requests));
    index.topics = {0, 0, 0, 0, 1, 1, 0, 0, 0, 0};
    index.topic_names = {"bank", "travel"};
    return index;
}

TEST(Coverage, EqualsTheHandComputedFigures) {
    // Traffic: 4 plain/bank, 2 plain/travel, 3 code/bank/short, 1 code/bank/long. Samples: 2, 1, 1, 0.
    const Coverage coverage = coverage_of(hand_made(), {0, 1, 4, 6}, {2}, {0, 1, 2, 3, 4, 5, 6, 7}, 1);
    ASSERT_EQ(coverage.strata.size(), 4u);
    EXPECT_DOUBLE_EQ(coverage.covered, 0.9);
    // ½ (|.4 − .5| + |.2 − .25| + |.3 − .25| + |.1 − 0|) = ½ · .3
    EXPECT_NEAR(coverage.total_variation, 0.15, 1e-12);
    EXPECT_EQ(coverage.strata[0].format, "code");
    EXPECT_EQ(coverage.strata[0].script, "Latin");
    EXPECT_EQ(coverage.strata[0].traffic, 3);
    EXPECT_EQ(coverage.strata[1].length, "long");
    EXPECT_EQ(coverage.strata[1].samples, 0);
    EXPECT_EQ(coverage.strata[2].topic, "bank");
    EXPECT_EQ(coverage.strata[2].samples, 2);
    EXPECT_EQ(coverage.strata[2].holdout, 1);
    EXPECT_EQ(stratum_label(hand_made(), 9), "code / Latin / bank / long");
}

TEST(Coverage, NearnessIsTheCosineToTheSampleMostLikeEachRequest) {
    TrafficIndex index = hand_made();
    for (auto& vector : index.vectors) vector = {};
    for (std::size_t i = 0; i < 10; ++i) index.vectors[i][i < 5 ? 0 : 1] = 1;  // two directions
    EXPECT_DOUBLE_EQ(coverage_of(index, {0}, {}, {0}, 1).nearness, 0.5);
    EXPECT_DOUBLE_EQ(coverage_of(index, {0, 9}, {}, {0}, 1).nearness, 1.0);
    EXPECT_DOUBLE_EQ(coverage_of(index, {0, 9}, {}, {0}, 1).random_nearness, 0.5) << "the pool has but one direction";
}

const std::vector<std::size_t> all_ten{0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

TEST(Select, DrawsTheQuotaOfEveryStratumTheSameWayEachTime) {
    const TrafficIndex index = hand_made();
    for (const auto choose : {select, select_covering}) {
        const auto chosen = choose(index, ordered_strata(index, all_ten, 5), 6, {}, 1024);
        EXPECT_EQ(chosen.size(), 6u);
        EXPECT_EQ(chosen, choose(index, ordered_strata(index, all_ten, 5), 6, {}, 1024));
        EXPECT_EQ(coverage_of(index, chosen, {}, all_ten, 1).covered, 1.0) << "the floor reaches every stratum";
    }
}

TEST(Select, FrequentRequestsTendToComeFirst) {
    int first = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        TrafficIndex index = index_of(plain_requests(10));
        index.distinct[7].occurrences = 90;  // of 99: drawn first with probability 10/11
        if (ordered_strata(index, all_ten, seed).begin()->second.front() == 7) ++first;
    }
    EXPECT_GT(first, 160);
    EXPECT_LT(first, 200);
}

// The value of a choice by its definition.
double value_of(const std::vector<TopicVector>& vectors, const std::vector<double>& weights,
                const std::vector<std::size_t>& chosen) {
    double value = 0;
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        double best = 0;
        for (const std::size_t j : chosen)
            best = std::max(best, i == j ? 1.0 : static_cast<double>(cosine(vectors[i], vectors[j])));
        value += weights[i] * best;
    }
    return value;
}

TEST(FacilityLocation, EqualsTheEagerGreedyChoiceAndBeatsRandomOnes) {
    core::Random random(17);
    std::vector<TopicVector> vectors(60);
    std::vector<const TopicVector*> items;
    std::vector<double> weights;
    for (auto& vector : vectors) {
        float squares = 0;
        for (std::size_t d = 0; d < 6; ++d) vector[d] = static_cast<float>(random.normal());
        for (const float v : vector) squares += v * v;
        for (float& v : vector) v /= std::sqrt(squares);
        items.push_back(&vector);
        weights.push_back(1 + static_cast<double>(random.below(3)));
    }
    std::vector<std::size_t> eager;
    for (int k = 0; k < 8; ++k) {
        std::size_t best = 0;
        double best_value = -1;
        for (std::size_t j = 0; j < vectors.size(); ++j) {
            auto with = eager;
            with.push_back(j);
            if (const double value = value_of(vectors, weights, with); value > best_value + 1e-9) {
                best_value = value;
                best = j;
            }
        }
        eager.push_back(best);
    }
    EXPECT_EQ(facility_location(items, weights, 8), eager);
    EXPECT_EQ(facility_location(items, weights, 100).size(), 60u);
    std::vector<std::size_t> order(60);
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (int i = 0; i < 50; ++i) {
        random.shuffle(order);
        EXPECT_LT(value_of(vectors, weights, {order.begin(), order.begin() + 8}), value_of(vectors, weights, eager));
    }
}

}  // namespace
}  // namespace scale::calibration
