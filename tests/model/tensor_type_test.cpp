#include "model/tensor_type.h"

#include <gtest/gtest.h>

namespace scale::model {
namespace {

TEST(TensorType, FindsByNumberAndByNameInAnyCase) {
    ASSERT_NE(tensor_type(12u), nullptr);
    EXPECT_EQ(tensor_type(12u)->name, "Q4_K");
    EXPECT_EQ(tensor_type("q4_k"), tensor_type(12u));
    EXPECT_EQ(tensor_type("BF16")->id, 30u);
}

TEST(TensorType, WithdrawnAndUnknownNumbersAreUnknown) {
    for (const std::uint32_t id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 43u, 0xffffffffu})
        EXPECT_EQ(tensor_type(id), nullptr) << id;
    EXPECT_EQ(tensor_type("Q4_2"), nullptr);
    EXPECT_EQ(tensor_type(""), nullptr);
}

// The bits per weight by which the types are known.
TEST(TensorType, BitsPerWeight) {
    const auto bits = [](const char* name) { return tensor_type(name)->bits_per_weight(); };
    EXPECT_DOUBLE_EQ(bits("F16"), 16);
    EXPECT_DOUBLE_EQ(bits("Q8_0"), 8.5);
    EXPECT_DOUBLE_EQ(bits("Q6_K"), 6.5625);
    EXPECT_DOUBLE_EQ(bits("Q4_K"), 4.5);
    EXPECT_DOUBLE_EQ(bits("Q4_0"), 4.5);
    EXPECT_DOUBLE_EQ(bits("IQ4_XS"), 4.25);
    EXPECT_DOUBLE_EQ(bits("IQ3_S"), 3.4375);
    EXPECT_DOUBLE_EQ(bits("Q2_K"), 2.625);
}

}  // namespace
}  // namespace scale::model
