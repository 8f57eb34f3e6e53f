#include "model/gguf_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/gguf.h"
#include "support/gguf_builder.h"

namespace scale::model {
namespace {

TEST(GgufWriter, WhatIsWrittenIsReadAgain) {
    const core::TemporaryFolder folder;
    const auto path = folder.path() / "sub" / "out.gguf";
    GgufHeader header;
    header.text("a.text", "words");
    header.number("a.number", 7);
    header.real("a.real", 0.5);
    header.flag("a.flag", true);
    header.texts("a.texts", std::vector<std::string>{"x", "", "\xff"});
    header.reals("a.reals", std::vector<float>{1, 2});
    header.integers("a.integers", std::vector<std::int32_t>{-1});
    header.tensor("first", *tensor_type("F16"), std::vector<std::uint64_t>{3, 2});
    header.tensor("second", *tensor_type("Q8_0"), std::vector<std::uint64_t>{32});
    {
        GgufWriter writer(path, header);
        const std::string data = "0123456789ab" + std::string(34, 'q');
        writer.append(test::as_bytes(data.substr(0, 5)));
        EXPECT_THROW(writer.publish(), std::logic_error);
        writer.append(test::as_bytes(data.substr(5)));
        EXPECT_THROW(writer.append(test::as_bytes("x")), std::logic_error);
        EXPECT_FALSE(std::filesystem::exists(path));
        writer.publish();
    }
    const GgufFile file(path);
    EXPECT_EQ(file.text("a.text"), "words");
    EXPECT_EQ(file.number("a.number"), 7u);
    EXPECT_EQ(std::get<double>(file.metadata().at("a.real")), 0.5);
    EXPECT_EQ(std::get<GgufArray>(file.metadata().at("a.texts")).count, 3u);
    ASSERT_EQ(file.tensors().size(), 2u);
    EXPECT_THAT(file.tensor("first")->shape, testing::ElementsAre(3u, 2u));
    const auto first = file.data(*file.tensor("first"));
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(first.data()), first.size()), "0123456789ab");
    EXPECT_EQ(static_cast<char>(file.data(*file.tensor("second"))[33]), 'q');
}

TEST(GgufWriter, LeavesNothingWithoutPublishing) {
    const core::TemporaryFolder folder;
    GgufHeader header;
    header.tensor("x", *tensor_type("F32"), std::vector<std::uint64_t>{1});
    { const GgufWriter writer(folder.path() / "out.gguf", header); }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(GgufHeader, RefusesWhatTheEngineCannotHold) {
    GgufHeader header;
    const auto tensor = [&](const std::string& name, const char* type, std::vector<std::uint64_t> shape) {
        header.tensor(name, *tensor_type(type), shape);
    };
    EXPECT_THROW(header.number("n", std::uint64_t{1} << 32), core::Error);
    EXPECT_THROW(tensor(std::string(64, 'n'), "F32", {1}), core::Error);
    EXPECT_THROW(tensor("", "F32", {1}), core::Error);
    EXPECT_THROW(tensor("x", "Q8_0", {33}), core::Error);
    EXPECT_THROW(tensor("x", "F32", {0}), core::Error);
    EXPECT_THROW(tensor("x", "F32", {std::uint64_t{1} << 40, std::uint64_t{1} << 40}), core::Error);
}

}  // namespace
}  // namespace scale::model
