// Our table of tensor types against the engine's, for every number that the engine knows.
#include <string>

#include <ggml.h>
#include <gtest/gtest.h>

#include "core/text.h"
#include "model/tensor_type.h"

namespace scale::model {
namespace {

TEST(TensorTypeAgreement, EveryTypeHasTheEnginesNameBlockAndBytes) {
    int compared = 0;
    for (std::uint32_t id = 0; id < GGML_TYPE_COUNT; ++id) {
        const auto engine_type = static_cast<ggml_type>(id);
        const TensorType* ours = tensor_type(id);
        if (ggml_blck_size(engine_type) == 0) {
            EXPECT_EQ(ours, nullptr) << "number " << id << " is withdrawn";
            continue;
        }
        ASSERT_NE(ours, nullptr) << ggml_type_name(engine_type) << ", number " << id << ", is missing";
        EXPECT_EQ(core::to_lower(ours->name), core::to_lower(ggml_type_name(engine_type)));
        EXPECT_EQ(ours->block, ggml_blck_size(engine_type)) << ours->name;
        EXPECT_EQ(ours->bytes, ggml_type_size(engine_type)) << ours->name;
        ++compared;
    }
    EXPECT_GT(compared, 30);
    EXPECT_EQ(tensor_type(std::uint32_t{GGML_TYPE_COUNT}), nullptr);
}

}  // namespace
}  // namespace scale::model
