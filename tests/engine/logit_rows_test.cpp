#include "engine/logit_rows.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "core/random.h"

namespace scale::engine {
namespace {

// In long double, term by term.
struct Definition {
    long double p_normaliser = 0, q_normaliser = 0, kl = 0;

    Definition(const std::vector<float>& p, const std::vector<float>& q) {
        long double zp = 0, zq = 0;
        for (const float x : p) zp += std::exp(static_cast<long double>(x));
        for (const float y : q) zq += std::exp(static_cast<long double>(y));
        p_normaliser = std::log(zp);
        q_normaliser = std::log(zq);
        for (std::size_t i = 0; i < p.size(); ++i) {
            const long double lp = p[i] - p_normaliser, lq = q[i] - q_normaliser;
            kl += std::exp(lp) * (lp - lq);
        }
    }
};

TEST(LogitRows, AgreeWithTheDefinitionAtEveryLengthAndSpread) {
    core::Random random(5);
    for (const std::size_t length : {1, 2, 7, 8, 9, 16, 31, 1000, 49152})
        for (const double spread : {0.001, 1.0, 12.0, 200.0})
            for (const double change : {1e-4, 0.1, 5.0}) {
                std::vector<float> p(length), q(length);
                for (std::size_t i = 0; i < length; ++i) {
                    p[i] = static_cast<float>(spread * random.normal());
                    q[i] = p[i] + static_cast<float>(change * random.normal());
                }
                const Definition expected(p, q);
                const RowDivergence found = row_divergence(p, q);
                EXPECT_NEAR(found.kl, static_cast<double>(expected.kl), 1e-12 + 1e-12 * found.kl)
                    << length << " " << spread << " " << change;
                EXPECT_NEAR(found.p_log_normaliser, static_cast<double>(expected.p_normaliser), 1e-11);
                EXPECT_NEAR(found.q_log_normaliser, static_cast<double>(expected.q_normaliser), 1e-11);
                EXPECT_NEAR(log_normaliser(p), found.p_log_normaliser, 1e-12 * spread);
                EXPECT_EQ(row_divergence(p, p).kl, 0);
            }
}

TEST(LogitRows, SayWhereALogitIsNoNumber) {
    for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{33}}) {
        std::vector<float> row(34, 1.0f), whole(34, 1.0f);
        row[at] = std::numeric_limits<float>::quiet_NaN();
        EXPECT_TRUE(std::isnan(log_normaliser(row)));
        EXPECT_TRUE(std::isnan(row_divergence(whole, row).q_log_normaliser));
        EXPECT_TRUE(std::isnan(row_divergence(row, whole).kl));
    }
}

// Vocabularies are padded with tokens that a model forbids.
TEST(LogitRows, TakeForbiddenTokens) {
    const float never = -std::numeric_limits<float>::infinity();
    std::vector<float> p(40, 0.0f), q(40, 0.0f);
    for (std::size_t i = 20; i < 40; ++i) p[i] = q[i] = never;
    EXPECT_NEAR(log_normaliser(p), std::log(20.0), 1e-12);
    EXPECT_EQ(row_divergence(p, q).kl, 0);
    q[3] = never;  // possible to one, impossible to the other
    EXPECT_GT(row_divergence(p, q).kl, 30);
}

}  // namespace
}  // namespace scale::engine
