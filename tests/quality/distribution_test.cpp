#include "quality/metric/distribution.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/random.h"
#include "quality/scored_texts.h"

namespace scale::quality {
namespace {

std::vector<double> softmax(const std::vector<float>& row) {
    std::vector<double> p;
    double total = 0;
    for (const float x : row) total += std::exp(static_cast<double>(x));
    for (const float x : row) p.push_back(std::exp(static_cast<double>(x)) / total);
    return p;
}

TEST(Distribution, KlOfTwoTokensByHand) {
    // p = (3/4, 1/4), q = (1/2, 1/2): KL = 0.75·ln 1.5 + 0.25·ln 0.5 = 0.1308120.
    const std::vector<float> p{static_cast<float>(std::log(3.0)), 0}, q{5, 5};
    const RowComparison result = compare_rows(p, q, 1);
    EXPECT_NEAR(result.kl, 0.1308120, 1e-6);
    EXPECT_TRUE(result.same_top);  // the first of equals
    EXPECT_NEAR(result.original_log_probability, std::log(0.25), 1e-6);
    EXPECT_NEAR(result.candidate_log_probability, std::log(0.5), 1e-9);
}

TEST(Distribution, AgreesWithTheDefinitionOnRandomRows) {
    core::Random random(3);
    for (int trial = 0; trial < 20; ++trial) {
        std::vector<float> a(500), b(500);
        for (int i = 0; i < 500; ++i) {
            a[i] = static_cast<float>(4 * random.normal());
            b[i] = a[i] + static_cast<float>(0.3 * random.normal());
        }
        const auto p = softmax(a), q = softmax(b);
        double kl = 0;
        for (int i = 0; i < 500; ++i) kl += p[i] * std::log(p[i] / q[i]);
        EXPECT_NEAR(compare_rows(a, b, 7).kl, kl, 1e-10);
        EXPECT_NEAR(compare_rows(a, b, 7).candidate_log_probability, std::log(q[7]), 1e-10);
    }
}

TEST(Distribution, HasNoFloorAndSurvivesExtremes) {
    std::vector<float> row(1000);
    for (int i = 0; i < 1000; ++i) row[i] = static_cast<float>(i) * 0.01F;
    EXPECT_LT(compare_rows(row, row, 0).kl, 1e-12);
    std::vector<float> moved = row;
    moved[999] += 1e-3F;  // far below what 16-bit logits resolve
    EXPECT_GT(compare_rows(row, moved, 0).kl, 1e-11);
    const std::vector<float> spike{-3e4F, 0, 3e4F};
    EXPECT_TRUE(std::isfinite(compare_rows(spike, {spike.data(), 3}, 0).kl));
}

TEST(Distribution, RefusesLogitsThatAreNoNumbers) {
    const std::vector<float> whole(100, 0.5F);
    std::vector<float> broken = whole;
    broken[40] = std::nanf("");
    EXPECT_THROW(compare_rows(whole, broken, 0), core::Error);
    EXPECT_THROW(compare_rows(broken, whole, 0), core::Error);
}

std::vector<model::TokenSequence> held_out(std::size_t texts, std::size_t length) {
    std::vector<model::TokenSequence> set;
    for (std::size_t i = 0; i < texts; ++i) {
        model::TokenSequence text{std::to_string(i), "", "", {1, 2, 3}};
        for (std::size_t t = 3; t < length; ++t) text.tokens.push_back(static_cast<int>(10 + (i * 7 + t) % 90));
        set.push_back(text);
    }
    return set;
}

TEST(ScoredTexts, SkipTheSharedBeginningAndStopAtTheBudget) {
    const auto texts = choose_texts(held_out(50, 100), {1000, 1000, 1000}, 4096, 1);
    std::size_t scored = 0;
    for (const auto& text : texts) {
        EXPECT_GE(text.first, 2u);  // row 2 predicts token 3, the first after the common beginning
        EXPECT_LE(text.scored(), 64u);
        scored += text.scored();
    }
    EXPECT_EQ(scored, 1000u);
}

TEST(ScoredTexts, EachTextSkipsWhatItSharesWithAnyOther) {
    const std::vector<model::TokenSequence> set{
        {"a", "", "", {1, 2, 3, 4, 5, 6}}, {"b", "", "", {1, 2, 3, 7, 8, 9}}, {"c", "", "", {1, 9, 9, 9, 9, 9}}};
    for (const auto& text : choose_texts(set, {1000, 1000, 1000}, 4096, 1))
        EXPECT_EQ(text.first, text.index == 2 ? 0u : 2u);
}

TEST(ScoredTexts, AreDeterministicAndCapped) {
    const auto a = choose_texts(held_out(50, 100), {1000, 1000, 1000}, 40, 1),
               b = choose_texts(held_out(50, 100), {1000, 1000, 1000}, 40, 1);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
        EXPECT_EQ(a[i].index, b[i].index);
        EXPECT_LE(a[i].length, 40u);
    }
    EXPECT_TRUE(choose_texts({}, {1000, 1000, 1000}, 40, 1).empty());
    EXPECT_TRUE(
        choose_texts({{"x", "", "", {5}}}, {1000, 1000, 1000}, 40, 1).empty());  // nothing follows a single token
}

// A later look keeps the texts of the earlier ones, cut where they were cut.
TEST(ScoredTexts, ALaterLookBeginsWithTheEarlierOne) {
    const auto set = held_out(50, 100);
    const auto first = choose_texts(set, {1000, 1000, 3000}, 4096, 1);
    const auto second = choose_texts(set, {3000, 1000, 3000}, 4096, 1);
    ASSERT_GT(second.size(), first.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
        EXPECT_EQ(first[i].index, second[i].index);
        EXPECT_EQ(first[i].length, second[i].length);
    }
}

}  // namespace
}  // namespace scale::quality
