#include "model/safetensors/safetensors.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "support/gguf_builder.h"
#include "support/safetensors_builder.h"

namespace scale::model {
namespace {

using test::as_bytes;
using test::small_safetensors;
using testing::ElementsAre;

TEST(Safetensors, GivesEveryTensorAsItLies) {
    const std::string bytes = small_safetensors().build();
    const SafetensorsFile file(as_bytes(bytes), "small");
    ASSERT_EQ(file.tensors().size(), 4u);
    EXPECT_THAT(file.metadata(), ElementsAre(testing::Pair("format", "pt")));
    const SafetensorInfo* a = file.tensor("a.weight");
    ASSERT_NE(a, nullptr);
    EXPECT_EQ(a->type->name, "F16");
    EXPECT_THAT(a->shape, ElementsAre(2u, 3u));
    EXPECT_EQ(a->rows(), 2u);
    EXPECT_EQ(a->row_length(), 3u);
    EXPECT_EQ(a->bytes, 12u);
    const SafetensorInfo* none = file.tensor("none");
    ASSERT_NE(none, nullptr);
    EXPECT_EQ(none->elements, 0u);
    EXPECT_TRUE(file.data(*none).empty());
    EXPECT_EQ(file.tensor("missing"), nullptr);
}

TEST(Safetensors, DecodesHalfAndBfloatExactly) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "model.safetensors", small_safetensors().build());
    const SafetensorsFolder model(folder.path());
    EXPECT_THAT(model.read_floats(model.require("a.weight")), ElementsAre(1.0f, -2.0f, 0.0f, 65504.0f, 0x1p-24f, 0.5f));
    EXPECT_THAT(model.read_floats(model.require("b.weight")), ElementsAre(1.0f, -2.0f, 0.0f, 10.0f));
    std::vector<float> row(3);
    model.read_rows(model.require("a.weight"), 1, 1, row);
    EXPECT_THAT(row, ElementsAre(65504.0f, 0x1p-24f, 0.5f));
    EXPECT_THROW(model.read_rows(model.require("a.weight"), 1, 2, row), std::out_of_range);
    EXPECT_THAT(model.read_integers<std::int32_t>(model.require("count")), ElementsAre(-2));
    EXPECT_EQ(model.tensor_bytes(), 24u);
}

TEST(Safetensors, IntegersAreNoWeights) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "model.safetensors", small_safetensors().build());
    const SafetensorsFolder model(folder.path());
    EXPECT_THROW(model.read_floats(model.require("count")), core::Error);
    EXPECT_THROW(model.read_integers<std::int8_t>(model.require("count")), core::Error);
    EXPECT_THROW(model.require("missing"), core::Error);
}

// As the reference implementation writes it: padding behind the JSON, tensors in another order than their names.
TEST(Safetensors, AcceptsPaddingAndAnyOrder) {
    test::SafetensorsBuilder builder;
    builder.tensor("z", "U8", "[1]", "z").tensor("a", "U8", "[2]", "ab");
    const std::string bytes =
        builder.with_header(R"({"a":{"data_offsets":[1,3],"shape":[2],"dtype":"U8"},"z":{"dtype":"U8",)"
                            R"("shape":[1],"data_offsets":[0,1]}}     )");
    const SafetensorsFile file(as_bytes(bytes), "padded");
    EXPECT_EQ(file.tensors()[0].name, "z");
    EXPECT_EQ(static_cast<char>(file.data(*file.tensor("a"))[1]), 'b');
}

}  // namespace
}  // namespace scale::model
