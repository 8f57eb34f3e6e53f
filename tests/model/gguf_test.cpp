#include "model/gguf.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/file.h"
#include "support/gguf_builder.h"
#include "support/test_model.h"

namespace scale::model {
namespace {

using test::as_bytes;
using test::GgufBuilder;
using test::raw;

TEST(Gguf, ReadsTensorsAndTheirData) {
    const std::string bytes = test::small_model().build();
    const GgufFile file(as_bytes(bytes), "small.gguf");
    ASSERT_EQ(file.tensors().size(), 3u);
    const TensorInfo* tensor = file.tensor("blk.0.attn_q.weight");
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(tensor->type->name, "Q8_0");
    EXPECT_THAT(tensor->shape, testing::ElementsAre(64u, 2u));
    EXPECT_EQ(tensor->elements, 128u);
    EXPECT_EQ(tensor->bytes, 2u * 2 * 34);
    EXPECT_EQ(tensor->offset % 32, 0u);
    const auto data = file.data(*tensor);
    ASSERT_EQ(data.size(), tensor->bytes);
    EXPECT_EQ(data.data(), as_bytes(bytes).data() + tensor->offset);
    for (std::size_t i = 0; i < data.size(); ++i)
        ASSERT_EQ(std::to_integer<int>(data[i]), static_cast<int>((i * 37 + 1) & 0xff)) << i;
    EXPECT_EQ(file.tensor("blk.1.attn_q.weight"), nullptr);
    EXPECT_EQ(file.parameters(), 64u * 3 + 128 + 5);
    EXPECT_EQ(file.file_bytes(), bytes.size());
}

TEST(Gguf, ReadsEveryKindOfValue) {
    GgufBuilder builder;
    builder.pair("u8", 0, raw(std::uint8_t{200})).pair("i8", 1, raw(std::int8_t{-5}));
    builder.pair("u16", 2, raw(std::uint16_t{60000})).pair("i16", 3, raw(std::int16_t{-300}));
    builder.pair("u32", 4, raw(std::uint32_t{4000000000})).pair("i32", 5, raw(std::int32_t{7}));
    builder.pair("f32", 6, raw(0.5F)).pair("bool", 7, raw(std::uint8_t{1})).text("text", "grün");
    builder.pair("u64", 10, raw(std::uint64_t{1} << 60)).pair("i64", 11, raw(std::int64_t{-1}));
    builder.pair("f64", 12, raw(0.1)).array("flags", 7, 3, std::string("\1\0\1", 3));
    const std::string bytes = builder.build();
    const GgufFile file(as_bytes(bytes), "values.gguf");
    EXPECT_EQ(file.number("u8"), 200u);
    EXPECT_EQ(file.number("u16"), 60000u);
    EXPECT_EQ(file.number("u32"), 4000000000u);
    EXPECT_EQ(file.number("i32"), 7u);
    EXPECT_EQ(file.number("u64"), std::uint64_t{1} << 60);
    EXPECT_EQ(std::get<std::int64_t>(file.metadata().at("i8")), -5);
    EXPECT_EQ(std::get<std::int64_t>(file.metadata().at("i16")), -300);
    EXPECT_EQ(std::get<double>(file.metadata().at("f32")), 0.5);
    EXPECT_EQ(std::get<double>(file.metadata().at("f64")), 0.1);
    EXPECT_TRUE(std::get<bool>(file.metadata().at("bool")));
    EXPECT_EQ(file.text("text"), "grün");
    EXPECT_EQ(std::get<GgufArray>(file.metadata().at("flags")).count, 3u);
    // Negative numbers, other kinds and missing keys give the fallback.
    EXPECT_EQ(file.number("i64", 9), 9u);
    EXPECT_EQ(file.number("text", 9), 9u);
    EXPECT_EQ(file.text("u8", "none"), "none");
    EXPECT_FALSE(file.has("missing"));
}

TEST(Gguf, ReadsVersion2AndOtherAlignments) {
    for (const std::uint32_t alignment : {8u, 32u, 4096u}) {
        GgufBuilder builder;
        builder.version = 2;
        builder.alignment = alignment;
        builder.number("general.alignment", alignment);
        builder.tensor("a", 0, {3}, 12).tensor("b", 0, {5}, 20);
        const std::string bytes = builder.build();
        const GgufFile file(as_bytes(bytes), "aligned.gguf");
        EXPECT_EQ(file.tensor("b")->offset - file.tensor("a")->offset, std::max(16u, alignment));
    }
}

// A file may end right behind the last tensor's bytes: padding there is optional.
TEST(Gguf, NeedsNoPaddingAtTheEnd) {
    const std::string bytes = test::small_model().build();
    const GgufFile file(as_bytes(bytes), "small.gguf");
    const TensorInfo& last = file.tensors().back();
    EXPECT_EQ(last.offset + last.bytes, bytes.size());
}

TEST(Gguf, CopiesStayValid) {
    const auto path = test::test_model();
    if (!path) GTEST_SKIP() << "no test model";
    auto first = std::make_unique<GgufFile>(*path);
    const GgufFile second = *first;
    first.reset();
    ASSERT_NE(second.tensor("token_embd.weight"), nullptr);
    EXPECT_EQ(second.data(*second.tensor("token_embd.weight")).size(), second.tensor("token_embd.weight")->bytes);
}

TEST(Gguf, ReadsARealModel) {
    const auto path = test::test_model();
    if (!path) GTEST_SKIP() << "no test model";
    const GgufFile file(*path);
    EXPECT_EQ(file.path(), *path);
    EXPECT_EQ(file.file_bytes(), std::filesystem::file_size(*path));
    std::uint64_t bytes = 0;
    for (const auto& tensor : file.tensors()) bytes += tensor.bytes;
    EXPECT_LT(bytes, file.file_bytes());
    EXPECT_GT(bytes, file.file_bytes() * 9 / 10);
}

}  // namespace
}  // namespace scale::model
