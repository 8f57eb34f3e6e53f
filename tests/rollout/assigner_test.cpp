#include "rollout/assignment/assigner.h"

#include <set>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "rollout/assignment/secret.h"

namespace {

using namespace scale;
using namespace scale::rollout;

const std::string salt = "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f";

// Computed with Python's hashlib from the definition in assigner.h. They must never change: a release that assigned
// anew would mix the arms of a running experiment.
TEST(Assigner, GoldenVectors) {
    const Assigner assigner(salt);
    EXPECT_EQ(assigner.position("exp-a", "alice"), 0xa1293255912710c1u);
    EXPECT_EQ(assigner.position("exp-a", "bob"), 0x17e75a2509edc615u);
    EXPECT_EQ(assigner.position("exp-b", "alice"), 0xb9a470827638dff4u);
    EXPECT_EQ(assigner.position("exp-a", ""), 0x223211bc6bcd223eu);
    EXPECT_EQ(assigner.position("exp-a", "ünïcødé"), 0xe46cce180f94204eu);
    EXPECT_EQ(assigner.digest("unit", "alice"), "e910ce209da3ad637ff3ac61e15fbaedd06858729dc50e718bdfa5ccc6f947c1");
}

TEST(Assigner, ShareIsComparedExactly) {
    EXPECT_FALSE(within_share(0, 0));
    EXPECT_TRUE(within_share(0, 1));
    EXPECT_TRUE(within_share(~std::uint64_t{0}, whole_ppm));
    EXPECT_FALSE(within_share(~std::uint64_t{0}, whole_ppm - 1));
    // Half of 2⁶⁴ is 2⁶³: that position is the first outside.
    EXPECT_TRUE(within_share((std::uint64_t{1} << 63) - 1, 500'000));
    EXPECT_FALSE(within_share(std::uint64_t{1} << 63, 500'000));
    // 2⁶⁴ / 10⁶ = 18446744073709.551616: the last position within one part per million is its floor.
    EXPECT_TRUE(within_share(18'446'744'073'709u, 1));
    EXPECT_FALSE(within_share(18'446'744'073'710u, 1));
}

TEST(Assigner, RaisingTheShareOnlyAddsUnits) {
    const Assigner assigner(salt);
    for (int user = 0; user < 3000; ++user) {
        const std::string key = "user-" + std::to_string(user);
        bool before = false;
        for (const std::int64_t share : {0, 1000, 50'000, 100'000, 250'000, 500'000, 1'000'000}) {
            const bool now = assigner.arm("exp-a", key, share) == Arm::candidate;
            EXPECT_FALSE(before && !now) << key << " left the candidate at " << share;
            before = now;
        }
    }
}

TEST(Assigner, SharesComeOutAndExperimentsAreIndependent) {
    const Assigner assigner(salt);
    int first = 0, second = 0, both = 0;
    constexpr int users = 20'000;
    for (int user = 0; user < users; ++user) {
        const std::string key = std::to_string(user);
        const bool a = assigner.arm("exp-a", key, 100'000) == Arm::candidate;
        const bool b = assigner.arm("exp-b", key, 100'000) == Arm::candidate;
        first += a;
        second += b;
        both += a && b;
    }
    // Five standard deviations of the binomial: 5·sqrt(20000·.1·.9) = 212, 5·sqrt(20000·.01·.99) = 70.
    EXPECT_NEAR(first, 2000, 212);
    EXPECT_NEAR(second, 2000, 212);
    EXPECT_NEAR(both, 200, 70);
}

TEST(UnitKey, TakesTheFirstKeyThatIsThere) {
    RequestIdentity identity;
    identity.header = "h", identity.safety_identifier = "i", identity.user = "u", identity.session = "s",
    identity.api_key = "k";
    EXPECT_EQ(unit_key(identity).kind, KeyKind::header);
    EXPECT_EQ(unit_key(identity).value, "h");
    identity.header = {};
    EXPECT_EQ(unit_key(identity).kind, KeyKind::safety_identifier);
    identity.safety_identifier = {};
    EXPECT_EQ(unit_key(identity).kind, KeyKind::user);
    identity.user = {};
    EXPECT_EQ(unit_key(identity).kind, KeyKind::session);
    identity.session = {};
    EXPECT_EQ(unit_key(identity).kind, KeyKind::api_key);
    EXPECT_NE(unit_key(identity).value, "k") << "the API key itself must not travel further";
    identity.api_key = {};
    EXPECT_EQ(unit_key(identity).kind, KeyKind::request);
    EXPECT_NE(unit_key(identity).value, unit_key(identity).value);
}

TEST(Secret, IsMadeOnceAndPrivate) {
    const core::TemporaryFolder folder;
    const auto file = folder.path() / "rollout" / "salt";
    const std::string made = load_or_make_secret(file);
    EXPECT_EQ(made.size(), 64u);
    EXPECT_EQ(load_or_make_secret(file), made);
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(file.parent_path())) ++files;
    EXPECT_EQ(files, 1u) << "the temporary file stayed";
}

TEST(Secret, DamageIsAnErrorAndNotANewSecret) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "salt", "short\n");
    EXPECT_THROW(load_or_make_secret(folder.path() / "salt"), core::Error);
}

TEST(Secret, Comparison) {
    EXPECT_TRUE(same_secret("abc", "abc"));
    EXPECT_FALSE(same_secret("abc", "abd"));
    EXPECT_FALSE(same_secret("abc", "ab"));
    EXPECT_FALSE(same_secret("", "")) << "no secret opens nothing";
}

}  // namespace
