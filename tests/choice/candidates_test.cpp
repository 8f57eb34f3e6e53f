#include "choice/candidates.h"

#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "choice/pairing.h"
#include "choice/quality_prior.h"
#include "core/error.h"

namespace scale::choice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Candidates, AreDistinctAndFall) {
    std::set<std::string_view> names;
    for (const CandidateType& type : candidate_types()) {
        EXPECT_TRUE(names.insert(type.name).second) << type.name;
        EXPECT_EQ(type.documented.empty(), type.target == "llama.cpp") << type.name;
    }
    EXPECT_EQ(candidate_type("q4_k_m").nominal_bits, 4);
}

TEST(Candidates, UnknownNameSuggestsTheNearest) {
    try {
        candidate_type("Q4_KM");
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        EXPECT_THAT(error.next(), HasSubstr("Q4_K_M"));
    }
}

double kl_of(const char* name, double bits, double parameters = 8.03e9) {
    return estimate_kl(candidate_type(name), bits, static_cast<std::uint64_t>(parameters)).value;
}

// The table of llama.cpp's perplexity README for Llama-3-8B, file bytes over 8.03e9 parameters.
TEST(Prior, ReproducesItsTable) {
    EXPECT_NEAR(std::log(kl_of("Q4_K_M", 4.90)), std::log(.0313), 0.25);
    EXPECT_NEAR(std::log(kl_of("Q6_K", 6.57)), std::log(.0055), 0.4);
    EXPECT_NEAR(std::log(kl_of("IQ4_XS", 4.43)), std::log(.0363), 0.25);
    EXPECT_NEAR(std::log(kl_of("Q4_0", 4.64)), std::log(.0719), 0.05);
    EXPECT_NEAR(std::log(kl_of("Q8_0", 8.5)), std::log(.0014), 0.05);
}

TEST(Prior, GrowsAsBitsAndParametersShrink) {
    EXPECT_GT(kl_of("Q4_K_M", 4.5), kl_of("Q4_K_M", 5.5));
    EXPECT_NEAR(kl_of("Q4_K_M", 4.5, 5e8) / kl_of("Q4_K_M", 4.5, 8e9), 2, 1e-9);
    EXPECT_EQ(kl_of("F16", 16), 0);
}

TEST(Prior, IsLabelledWithItsUncertainty) {
    // SmolLM2's Q6_K falls back to Q8_0 in most tensors: narrower than Q8_0, so not better.
    EXPECT_GT(estimate_kl(candidate_type("Q6_K"), 8.12, 135'000'000).value,
              estimate_kl(candidate_type("Q8_0"), 8.51, 135'000'000).value);
    const KlEstimate large = estimate_kl(candidate_type("Q4_K_M"), 4.8, 8'000'000'000);
    EXPECT_THAT(large.source, HasSubstr("estimated (prior"));
    EXPECT_THAT(large.source, testing::Not(HasSubstr("far extrapolation")));
    EXPECT_NEAR(std::log(large.high / large.value), 0.5, 1e-9);
    EXPECT_NEAR(std::log(large.value / large.low), 0.5, 1e-9);
    EXPECT_THAT(estimate_kl(candidate_type("Q4_K_M"), 4.8, 135'000'000).source, HasSubstr("far extrapolation"));
    EXPECT_EQ(estimate_kl(candidate_type("FP8"), 8, 8'000'000'000).source, "");
}

TEST(Speedup, IsPairedByRound) {
    // The machine slows down threefold; pairing sees the same ratio in every round.
    const record::Measured speedup = paired_speedup({1, 2, 3}, {0.5, 1, 1.5});
    EXPECT_DOUBLE_EQ(speedup.median, 2);
    EXPECT_DOUBLE_EQ(speedup.low, 2);
    EXPECT_DOUBLE_EQ(speedup.high, 2);
    EXPECT_EQ(speedup.rounds, 3);
    EXPECT_EQ(paired_speedup({1, 2}, {1}).rounds, 1);
    EXPECT_EQ(paired_speedup({}, {}).rounds, 0);
}

TEST(Groups, EachHoldsTheOriginal) {
    using Group = std::vector<std::size_t>;
    EXPECT_THAT(group_by_memory({3, 3, 3}, 4, 100), ElementsAre(Group{0, 1, 2}));
    EXPECT_THAT(group_by_memory({3, 3, 3}, 4, 10), ElementsAre(Group{0, 1}, Group{2}));
    EXPECT_THAT(group_by_memory({3, 30, 3}, 4, 10), ElementsAre(Group{0}, Group{1}, Group{2}));
    EXPECT_TRUE(group_by_memory({}, 4, 10).empty());
}

}  // namespace
}  // namespace scale::choice
