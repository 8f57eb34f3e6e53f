// The gate's statistics against hand-computed and enumerated values.
#include <cmath>

#include <gtest/gtest.h>

#include "core/random.h"
#include "quality/statistics/binomial.h"
#include "quality/statistics/bootstrap.h"
#include "quality/statistics/design_effect.h"
#include "quality/statistics/mcnemar.h"
#include "quality/statistics/normal.h"
#include "quality/statistics/percentile.h"
#include "quality/statistics/sample_size.h"
#include "quality/statistics/spending.h"
#include "quality/statistics/tango.h"

namespace scale::quality {
namespace {

// Log of n! / (b! c! (n − b − c)!).
double log_multinomial(int n, int b, int c) {
    return std::lgamma(n + 1.0) - std::lgamma(b + 1.0) - std::lgamma(c + 1.0) - std::lgamma(n - b - c + 1.0);
}

// P(accept(b, c)) when both kinds of disagreement have the given probabilities, over all tables that matter.
template <typename Accept>
double accepted(int n, double base_only, double candidate_only, Accept accept) {
    double total = 0;
    for (int b = 0; b <= n; ++b)
        for (int c = 0; b + c <= n; ++c) {
            if ((b > 0 && base_only <= 0) || (c > 0 && candidate_only <= 0)) continue;
            const double log_weight = log_multinomial(n, b, c) + (b > 0 ? b * std::log(base_only) : 0) +
                                      (c > 0 ? c * std::log(candidate_only) : 0) +
                                      (n - b - c) * std::log1p(-base_only - candidate_only);
            if (log_weight > -30 && accept(b, c)) total += std::exp(log_weight);
        }
    return total;
}

TEST(Normal, QuantilesAreThoseOfTheTables) {
    EXPECT_NEAR(normal_quantile(0.95), 1.6448536270, 1e-9);
    EXPECT_NEAR(normal_quantile(0.8), 0.8416212336, 1e-9);
    EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
    EXPECT_NEAR(normal_cdf(normal_quantile(0.013)), 0.013, 1e-12);
}

TEST(Mcnemar, SumsTheUpperBinomialTail) {
    EXPECT_NEAR(mcnemar_worse(5, 1), 7.0 / 64, 1e-12);  // (6 + 1) / 2^6
    EXPECT_NEAR(mcnemar_worse(0, 4), 1, 1e-12);
    EXPECT_NEAR(mcnemar_worse(0, 0), 1, 1e-12);
    EXPECT_NEAR(mcnemar_worse(3, 0), 1.0 / 8, 1e-12);
}

// References: scipy.stats.beta.cdf and .ppf (scripts/check_statistics.py compares them on a grid).
TEST(Binomial, LimitsAreThoseOfTheBetaLaw) {
    EXPECT_NEAR(beta_distribution(0.3, 2, 5), 0.579825, 1e-9);
    EXPECT_NEAR(beta_distribution(0.7, 5, 2), 1 - 0.579825, 1e-9);
    EXPECT_NEAR(proportion_upper(0, 100, 0.05), 1 - std::pow(0.05, 0.01), 1e-12);  // the rule of three
    EXPECT_NEAR(proportion_lower(100, 100, 0.05), std::pow(0.05, 0.01), 1e-12);
    EXPECT_EQ(proportion_upper(7, 7, 0.05), 1);
    EXPECT_EQ(proportion_lower(0, 7, 0.05), 0);
    // P(Binomial(20, p) <= 3) = 0.05 at the upper limit of 3 in 20.
    const double p = proportion_upper(3, 20, 0.05);
    double tail = 0;
    for (int k = 0; k <= 3; ++k)
        tail += std::exp(std::lgamma(21) - std::lgamma(k + 1) - std::lgamma(21 - k)) * std::pow(p, k) *
                std::pow(1 - p, 20 - k);
    EXPECT_NEAR(tail, 0.05, 1e-9);
}

TEST(Spending, TwoLooksAtHalfGiveTheKnownLevels) {
    const auto levels = look_levels({0.5, 1}, 0.05, "obrien_fleming");
    EXPECT_NEAR(alpha_spent(0.5, 0.05, "obrien_fleming"), 0.00557, 1e-5);
    EXPECT_NEAR(levels[0], 0.00557, 1e-5);
    EXPECT_NEAR(levels[1], 0.04825, 1e-5);
    EXPECT_EQ(look_levels({1}, 0.05, "obrien_fleming"), std::vector<double>{0.05});
}

// A Brownian motion with no drift crosses the boundaries of all looks together with the probability alpha.
TEST(Spending, ThePathsCrossAsOftenAsAlphaSays) {
    for (const char* rule : {"obrien_fleming", "even"}) {
        const std::vector<double> shares{0.25, 0.4, 0.8, 1};
        const auto levels = look_levels(shares, 0.05, rule);
        std::vector<double> boundaries;
        for (const double level : levels) boundaries.push_back(normal_quantile(1 - level));
        core::Random random(5, rule);
        int crossed = 0;
        constexpr int paths = 40000;
        for (int path = 0; path < paths; ++path) {
            double place = 0, time = 0;
            bool beyond = false;
            for (std::size_t look = 0; look < shares.size(); ++look) {
                place += std::sqrt(shares[look] - time) * random.normal();
                time = shares[look];
                beyond = beyond || place / std::sqrt(time) > boundaries[look];
            }
            crossed += beyond;
        }
        EXPECT_NEAR(crossed / static_cast<double>(paths), 0.05, 4 * std::sqrt(0.05 * 0.95 / paths)) << rule;
    }
}

TEST(Percentile, LimitsAreOrderStatistics) {
    std::vector<std::vector<double>> texts(1000);
    for (int i = 0; i < 1000; ++i) texts[i] = {static_cast<double>(i)};  // every value its own text
    const auto estimate = percentile_limits(texts, 0.99, 0.05);
    EXPECT_EQ(estimate.n, 1000);
    EXPECT_EQ(estimate.design_effect, 1);
    EXPECT_EQ(estimate.value, 989);
    // At most 4 of 1000 above: the upper limit of 4 in 1000 is 0.0091, of 5 it is 0.0105.
    EXPECT_EQ(estimate.upper, 995);
    EXPECT_LT(proportion_upper(4, 1000, 0.05), 0.01);
    EXPECT_GT(proportion_upper(5, 1000, 0.05), 0.01);
    EXPECT_LT(estimate.lower, 989);
    // 299 independent values are needed before the largest is a limit at all.
    EXPECT_EQ(estimate.needed, 299);
    texts.resize(298);
    EXPECT_TRUE(std::isinf(percentile_limits(texts, 0.99, 0.05).upper));
}

TEST(Percentile, TailsThatClusterWidenTheLimit) {
    std::vector<std::vector<double>> even(50), clustered(50);
    for (int text = 0; text < 50; ++text)
        for (int i = 0; i < 100; ++i) {
            even[text].push_back(i == 0 ? 1.0 + text : 0.01 * i);
            clustered[text].push_back(text == 0 ? 1.0 + i : 0.01 * i);
        }
    EXPECT_GT(percentile_limits(clustered, 0.98, 0.05).design_effect, 20);
    EXPECT_EQ(percentile_limits(even, 0.98, 0.05).design_effect, 1);
}

TEST(SampleSize, GivesThePowerThatItPromises) {
    for (const double discordance : {0.05, 0.1}) {
        const int n = paired_sample_size({discordance, 0, 0.05, 0.05, 0.8});
        const double power = accepted(n, discordance / 2, discordance / 2, [&](int b, int c) {
            return exact_noninferiority_p({n, b, c}, 0.05) <= 0.05;
        });
        EXPECT_NEAR(power, 0.8, 0.03) << discordance << ", " << n << " items";
    }
    // Far from the least discordance it is the usual formula: 10823 in the research's table.
    EXPECT_NEAR(paired_sample_size({0.10, 0, 0.01, 0.05, 0.95}), 10823, 200);
    EXPECT_EQ(paired_sample_size({0.1, 0.03, 0.03, 0.05, 0.8}), 0);
}

TEST(Tango, MatchesAValueComputedByHand) {
    // n = 100, b = 6, c = 4, Δ = 0.05: A = 200, B = −10 + 198·0.05 = −0.1, C = −4·0.05·0.95 = −0.19,
    // q = (√(0.01 + 152) + 0.1) / 400 = 0.0310733, z = (2 − 5) / √(100·(0.0621466 + 0.0475)) = −0.906.
    EXPECT_NEAR(tango_score(100, 6, 4, 0.05), -0.9060, 2e-4);
    // At Δ = 0 it is McNemar's statistic (b − c) / √(b + c).
    EXPECT_NEAR(tango_score(100, 6, 4, 0), 2 / std::sqrt(10.0), 1e-12);
}

TEST(Tango, LimitsAreWhereTheScoreCrossesTheQuantile) {
    const double upper = tango_upper(200, 9, 5, 0.05);
    const double lower = tango_lower(200, 9, 5, 0.05);
    EXPECT_NEAR(tango_score(200, 9, 5, upper), -1.6448536, 1e-6);
    EXPECT_NEAR(tango_score(200, 9, 5, lower), 1.6448536, 1e-6);
    EXPECT_LT(lower, 0.02);
    EXPECT_GT(upper, 0.02);
}

TEST(Tango, ScoreAloneHoldsItsLevelOnlyAwayFromTheLeastDiscordance) {
    const auto size = [](int n, double margin, double discordance) {
        const double b = (discordance + margin) / 2, c = (discordance - margin) / 2;
        return accepted(n, b, c, [&](int i, int j) { return tango_score(n, i, j, margin) < -1.6448536; });
    };
    for (const int n : {100, 200})
        for (const double margin : {0.03, 0.05})
            for (const double discordance : {0.1, 0.2}) EXPECT_LE(size(n, margin, discordance), 0.052);
    EXPECT_GT(size(88, 0.03, 0.03), 0.06);  // the reason for exact_noninferiority_p
}

TEST(Exact, TypeOneErrorIsAtMostAlphaForEveryDiscordance) {
    for (const int n : {30, 88, 120})
        for (const double margin : {0.02, 0.03, 0.05, 0.1}) {
            std::vector<std::vector<char>> accept(n + 1, std::vector<char>(n + 1, 0));
            for (int b = 0; b <= n; ++b)
                for (int c = 0; b + c <= n; ++c)
                    // The region grows with c and shrinks with b, and far tables cannot be accepted.
                    accept[b][c] =
                        tango_score(n, b, c, margin) < -1.2 && exact_noninferiority_p({n, b, c}, margin) <= 0.05;
            for (const double discordance : {1.0, 1.05, 1.3, 2.0, 3.0, 5.0}) {
                const double b = margin * (discordance + 1) / 2, c = margin * (discordance - 1) / 2;
                if (b + c >= 1) continue;
                EXPECT_LE(accepted(n, b, c, [&](int i, int j) { return accept[i][j] != 0; }), 0.0503)
                    << n << " items, margin " << margin << ", discordance " << discordance * margin;
            }
        }
}

TEST(Exact, UpperLimitIsNeverBelowTheScoresAndFindsTheEdge) {
    for (const PairedCounts counts : {PairedCounts{88, 0, 0}, PairedCounts{300, 4, 3}, PairedCounts{100, 10, 2}}) {
        const double upper = exact_upper(counts, 0.05);
        EXPECT_GE(upper, tango_upper(counts.n, counts.base_only, counts.candidate_only, 0.05) - 1e-9);
        EXPECT_LE(exact_noninferiority_p(counts, upper), 0.05 + 1e-9);
    }
    // With no discordant item the worst case is candidate_only impossible: (1 − Δ)^n = α.
    EXPECT_NEAR(exact_upper({88, 0, 0}, 0.05), 1 - std::pow(0.05, 1.0 / 88), 2e-5);
}

TEST(DesignEffect, IsOneForIndependentAndTheSizeForIdenticalClusters) {
    std::vector<ClusteredValue> identical, independent;
    for (int cluster = 0; cluster < 20; ++cluster)
        for (int i = 0; i < 5; ++i) {
            identical.push_back({cluster, static_cast<double>(cluster % 2)});
            independent.push_back({cluster * 5 + i, static_cast<double>(i % 2)});
        }
    EXPECT_NEAR(design_effect(identical), 5, 1e-9);
    EXPECT_EQ(design_effect(independent), 1);
    EXPECT_EQ(design_effect({{0, 1.0}, {0, 0.0}, {0, 1.0}}), 3);  // one text is one observation
}

TEST(Wilson, LowerLimitMatchesAHandComputedValue) {
    // p = 0.9, n = 100, z = 1.6449: (0.9135276 − 1.6449·√(0.0009 + 0.0000676)) / 1.0270555 = 0.83965.
    EXPECT_NEAR(wilson_lower(0.9, 100, 0.05), 0.8397, 2e-4);
    EXPECT_EQ(wilson_lower(0.5, 0, 0.05), 0);
}

TEST(Bootstrap, UpperLimitCoversTheMeanOfSkewedClusters) {
    core::Random random(7);
    int covered = 0;
    constexpr int trials = 300;
    for (int trial = 0; trial < trials; ++trial) {
        std::vector<Cluster> clusters;
        for (int i = 0; i < 40; ++i) {
            const double weight = static_cast<double>(random.between(50, 250));
            clusters.push_back({std::exp(random.normal() * 0.7) * weight, weight});
        }
        covered += bootstrap_mean(clusters, 0.05, trial, 600).upper >= std::exp(0.245);
    }
    EXPECT_GE(covered, static_cast<int>(0.90 * trials));
    EXPECT_LE(covered, static_cast<int>(0.99 * trials));
}

TEST(Bootstrap, WeighsClustersAndRefusesALimitFromTooFew) {
    const MeanEstimate few = bootstrap_mean({{2, 1}, {0, 3}}, 0.05, 1);
    EXPECT_NEAR(few.mean, 0.5, 1e-12);
    EXPECT_TRUE(std::isinf(few.upper));
    EXPECT_EQ(few.clusters, 2);
    const MeanEstimate constant = bootstrap_mean(std::vector<Cluster>(10, {1, 2}), 0.05, 1);
    EXPECT_EQ(constant.upper, 0.5);
    const MeanEstimate a = bootstrap_mean({{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}}, 0.05, 3);
    const MeanEstimate b = bootstrap_mean({{1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, {8, 1}}, 0.05, 3);
    EXPECT_EQ(a.upper, b.upper);  // seeded
    EXPECT_GT(a.upper, a.mean);
    EXPECT_LT(a.lower, a.mean);
}

}  // namespace
}  // namespace scale::quality
