#include "quantize/allocation/budget.h"

#include <optional>

#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::quantize {
namespace {

constexpr std::uint64_t mib = 1 << 20;

class BudgetTest : public testing::Test {
  protected:
    BudgetTest() {
        decision_.type = "Q4_K_M";
        decided_ = {10 * mib + 1000, 10 * mib, 4.8};
        constraint_.memory = {40 * mib, 3 * mib, 2 * mib};
        constraint_.target = {{"memory_mib", 16.0}};
    }
    Budget budget() const { return budget_of(wish_, decision_, decided_, wished_ ? *wished_ : decided_, constraint_); }
    // "" where it is allowed, else what is said.
    std::string refusal() const {
        try {
            require_allowed(budget(), wish_, decision_, decided_, constraint_);
            return {};
        } catch (const core::Error& error) {
            EXPECT_EQ(error.kind(), core::ErrorKind::refused);
            return error.found() + "; " + error.next();
        }
    }

    record::Decision decision_;
    record::Constraint constraint_;
    FileSize decided_;
    std::optional<FileSize> wished_;
    SizeWish wish_;
};

TEST_F(BudgetTest, WithoutAWishIsTheDecisionsMix) {
    EXPECT_EQ(budget().bytes, decided_.file_bytes);
    EXPECT_EQ(budget().label, "Q4_K_M");
    EXPECT_EQ(refusal(), "");
}

TEST_F(BudgetTest, CountsEveryKindOfWish) {
    wish_.size_mib = 9.5;
    EXPECT_EQ(budget().bytes, static_cast<std::uint64_t>(9.5 * mib));
    EXPECT_EQ(budget().label, "9.5 MiB");
    wish_ = {};
    wish_.bits_per_weight = 2.4;
    EXPECT_EQ(budget().bytes, 5 * mib + 1000);
    wish_ = {};
    wish_.memory_mib = 15;  // 5 MiB of cache and buffers beside it
    EXPECT_EQ(budget().bytes, 10 * mib + 1000);
    wish_.memory_mib = 5;
    EXPECT_THROW(budget(), core::Error);
    wish_ = {};
    wish_.type = "Q5_K_M";
    wished_ = FileSize{12 * mib, 12 * mib - 1000, 5.7};
    EXPECT_EQ(budget().bytes, 12 * mib);
    wish_ = {};
    wish_.size_mib = -1;
    EXPECT_THROW(budget(), core::Error);
}

TEST_F(BudgetTest, AnotherSizeNeedsAReason) {
    wish_.size_mib = 9.9;  // 99 % of the decision's
    EXPECT_EQ(refusal(), "");
    for (const double size : {9.0, 10.5}) {
        wish_.because.clear();
        wish_.size_mib = size;
        EXPECT_NE(refusal().find("--because"), std::string::npos) << size;
        wish_.because = "the disk is small";
        EXPECT_EQ(refusal(), "") << size;
    }
    wish_ = {};
    wish_.type = "IQ4_XS";  // as many bytes, but not what was decided
    EXPECT_NE(refusal().find("scale choose"), std::string::npos);
}

TEST_F(BudgetTest, BelowFourBitsNeedsAQatPlan) {
    wish_.bits_per_weight = 3.5;
    wish_.because = "it has to fit";
    EXPECT_NE(refusal().find("qat-plan"), std::string::npos);
    decision_.qat_plan_sha256 = "ab";
    EXPECT_EQ(refusal(), "");
    decision_.qat_plan_sha256.clear();
    decision_.type = "Q3_K_M";  // stage C let it through
    EXPECT_EQ(refusal(), "");
    decision_.type = "Q4_K_M";
    wish_ = {};
    wish_.type = "IQ3_M";  // by name, though its bits are higher after fallbacks
    wish_.because = "it has to fit";
    wished_ = FileSize{10 * mib, 10 * mib - 1000, 4.7};
    EXPECT_NE(refusal().find("qat-plan"), std::string::npos);
}

TEST_F(BudgetTest, TheMemoryTargetHolds) {
    wish_.because = "more is better";
    wish_.size_mib = 10.9;
    EXPECT_EQ(refusal(), "");
    wish_.size_mib = 11.1;
    EXPECT_NE(refusal().find("16"), std::string::npos) << refusal();
    constraint_.target = {{"memory_mib", 0.0}};
    EXPECT_EQ(refusal(), "");
}

TEST(BitsPromised, ReadsTheNumber) {
    EXPECT_EQ(bits_promised("Q4_K_M"), 4);
    EXPECT_EQ(bits_promised("IQ3_XXS"), 3);
    EXPECT_EQ(bits_promised("BF16"), 16);
    EXPECT_EQ(bits_promised("none"), 0);
}

}  // namespace
}  // namespace scale::quantize
