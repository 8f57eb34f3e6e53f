// Divergences from what is known of two distributions: by hand, and against whole random ones.
#include "quality/metric/known_tokens.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include <gtest/gtest.h>

namespace scale::quality {
namespace {

using Distribution = std::vector<double>;

// The `top` most likely tokens and the one that stands there.
PlaceScores known_of(const Distribution& p, std::size_t top, engine::Token stands) {
    std::vector<engine::Token> order(p.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] > p[b]; });
    order.resize(top);
    if (std::find(order.begin(), order.end(), stands) == order.end()) order.push_back(stands);
    std::sort(order.begin(), order.end());
    PlaceScores place;
    place.log_probability = std::log(p[stands]);
    for (const engine::Token token : order) place.known.push_back({token, std::log(p[token])});
    return place;
}

TEST(KnownTokens, ByHand) {
    const Distribution p{0.5, 0.3, 0.1, 0.1}, q{0.4, 0.35, 0.2, 0.05};
    // Both know tokens 0 and 1; 2 and 3 are one: 0.2 against 0.25.
    const double coarse = 0.5 * std::log(0.5 / 0.4) + 0.3 * std::log(0.3 / 0.35) + 0.2 * std::log(0.2 / 0.25);
    const RowComparison found = compare_places(known_of(p, 2, 1), known_of(q, 2, 1), false);
    EXPECT_NEAR(found.kl, coarse, 1e-12);
    EXPECT_TRUE(found.same_top);
    EXPECT_NEAR(found.original_log_probability, std::log(0.3), 1e-12);
    EXPECT_NEAR(found.candidate_log_probability, std::log(0.35), 1e-12);
    // What only one side knows goes to the rest.
    const RowComparison uneven = compare_places(known_of(p, 1, 3), known_of(q, 2, 3), false);
    EXPECT_NEAR(uneven.kl, 0.5 * std::log(0.5 / 0.4) + 0.1 * std::log(0.1 / 0.05) + 0.4 * std::log(0.4 / 0.55), 1e-12);
}

TEST(KnownTokens, TheMostLikelyIsTheLowestOfEquals) {
    const Distribution p{0.3, 0.3, 0.4}, q{0.1, 0.45, 0.45};
    EXPECT_FALSE(compare_places(known_of(p, 3, 0), known_of(q, 3, 0), true).same_top);
    const Distribution r{0.1, 0.4, 0.5};
    EXPECT_TRUE(compare_places(known_of(p, 3, 0), known_of(r, 3, 0), true).same_top);
}

// Never above the divergence of the whole, and equal to it where all is known; the two sides need not know the same.
TEST(KnownTokens, IsALowerBoundAndExactWhenWhole) {
    std::mt19937 draw(7);
    std::gamma_distribution<double> weight(0.3);
    for (int round = 0; round < 300; ++round) {
        Distribution p(40), q(40);
        for (std::size_t i = 0; i < p.size(); ++i) {
            p[i] = weight(draw) + 1e-9;
            q[i] = p[i] * std::exp(0.3 * std::normal_distribution<double>()(draw));
        }
        for (Distribution* d : {&p, &q}) {
            const double sum = std::accumulate(d->begin(), d->end(), 0.0);
            for (double& value : *d) value /= sum;
        }
        double exact = 0;
        for (std::size_t i = 0; i < p.size(); ++i) exact += p[i] * std::log(p[i] / q[i]);
        const auto stands = static_cast<engine::Token>(draw() % p.size());
        double before = -1;
        for (const std::size_t top : {1u, 3u, 10u, 30u}) {
            const double bound = compare_places(known_of(p, top, stands), known_of(q, top, stands), false).kl;
            EXPECT_GE(bound, 0);
            EXPECT_LE(bound, exact + 1e-12);
            EXPECT_GE(bound, before - 1e-12) << "more tokens known, and a looser bound";
            before = bound;
        }
        EXPECT_NEAR(compare_places(known_of(p, 40, stands), known_of(q, 40, stands), true).kl, exact, 1e-9);
    }
}

// Float32 sums that miss 1 must not make a divergence out of nothing.
TEST(KnownTokens, RoundingErrorsOfTheRestAreNoDivergence) {
    PlaceScores p{-1e-7, {{0, -1e-7}}}, q{-1e-9, {{0, -1e-9}}};
    EXPECT_LT(compare_places(p, q, false).kl, 1e-6);
    EXPECT_LT(compare_places(q, p, false).kl, 1e-6);
    EXPECT_EQ(compare_places(p, p, false).kl, 0);
}

}  // namespace
}  // namespace scale::quality
