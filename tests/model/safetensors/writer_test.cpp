#include "model/safetensors/writer.h"

#include <algorithm>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "model/safetensors/safetensors.h"

namespace scale::model {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

const std::vector<SafetensorDeclaration> three{
    {"b.weight", Element::f16, {2, 2}}, {"a.codes", Element::i8, {3}}, {"c.scale", Element::f32, {1}}};

std::vector<std::string> names_in(const fs::path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

TEST(SafetensorsWriter, WhatIsWrittenIsReadAgain) {
    const core::TemporaryFolder parent;
    const fs::path folder = parent.path() / "out";
    {
        SafetensorsWriter writer(folder, three);
        writer.append("c.scale", bytes_of("ssss"));
        writer.append("b.weight", bytes_of("01234"));  // in pieces, and not in the order of the file
        writer.append("a.codes", bytes_of("xyz"));
        writer.append("b.weight", bytes_of("567"));
        core::write_file_atomic(writer.staging() / "config.json", "{}");
        EXPECT_FALSE(fs::exists(folder));
        writer.publish();
    }
    EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("out"));
    EXPECT_THAT(names_in(folder), testing::ElementsAre("config.json", "model.safetensors"));
    const SafetensorsFolder model(folder);
    EXPECT_EQ(text_of(model.data(model.require("b.weight"))), "01234567");
    EXPECT_EQ(text_of(model.data(model.require("a.codes"))), "xyz");
    EXPECT_EQ(text_of(model.data(model.require("c.scale"))), "ssss");
    EXPECT_THAT(model.require("b.weight").shape, testing::ElementsAre(2u, 2u));
    const SafetensorsFile& file = model.shards()[0];
    EXPECT_EQ(file.metadata().at("format"), "pt");
    EXPECT_EQ(file.tensors()[0].name, "c.scale");  // widest first, so that every tensor is aligned
    EXPECT_EQ(file.tensors()[0].offset % 8, 0u);
}

TEST(SafetensorsWriter, DealsShardsInOrderAndWritesTheIndex) {
    const core::TemporaryFolder parent;
    const fs::path folder = parent.path() / "out";
    SafetensorsWriter writer(folder, three, {.shard_bytes = 8});
    for (const auto& [name, data] : {std::pair{"b.weight", "01234567"}, {"a.codes", "xyz"}, {"c.scale", "ssss"}})
        writer.append(name, bytes_of(data));
    writer.publish();
    EXPECT_THAT(names_in(folder),
                testing::ElementsAre("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                                     "model.safetensors.index.json"));
    const core::Json index = core::parse_json(core::read_file(folder / "model.safetensors.index.json"), "index");
    EXPECT_EQ(index["metadata"]["total_size"], 15);
    EXPECT_EQ(index["weight_map"]["b.weight"], "model-00001-of-00002.safetensors");
    EXPECT_EQ(index["weight_map"]["c.scale"], "model-00002-of-00002.safetensors");
    EXPECT_EQ(SafetensorsFolder(folder).tensors().size(), 3u);
}

TEST(SafetensorsWriter, ATensorLargerThanAShardHasOneOfItsOwn) {
    const core::TemporaryFolder parent;
    SafetensorsWriter writer(parent.path() / "out", three, {.shard_bytes = 1});
    for (const auto& [name, data] : {std::pair{"b.weight", "01234567"}, {"a.codes", "xyz"}, {"c.scale", "ssss"}})
        writer.append(name, bytes_of(data));
    writer.publish();
    EXPECT_EQ(SafetensorsFolder(parent.path() / "out").shards().size(), 3u);
}

TEST(SafetensorsWriter, NothingAppearsWithoutPublishing) {
    const core::TemporaryFolder parent;
    { SafetensorsWriter writer(parent.path() / "out", three); }
    EXPECT_TRUE(names_in(parent.path()).empty());
}

TEST(SafetensorsWriter, RemovesWhatAKilledWriterLeft) {
    const core::TemporaryFolder parent;
    const auto left = [&](const std::string& name) { fs::create_directories(parent.path() / name / "sub"); };
    left(".out.2147483.partial");                              // no such process: above the kernel's usual limit
    left(".out." + std::to_string(::getppid()) + ".partial");  // another writer that is still at work
    left(".other.2147483.partial");
    { SafetensorsWriter writer(parent.path() / "out", three); }
    EXPECT_THAT(
        names_in(parent.path()),
        testing::UnorderedElementsAre(".other.2147483.partial", ".out." + std::to_string(::getppid()) + ".partial"));
}

TEST(SafetensorsWriter, RefusesAnIncompleteOrOverlongTensor) {
    const core::TemporaryFolder parent;
    SafetensorsWriter writer(parent.path() / "out", three);
    writer.append("b.weight", bytes_of("0123"));
    EXPECT_THROW(writer.append("b.weight", bytes_of("45678")), std::logic_error);
    EXPECT_THROW(writer.append("d", bytes_of("")), std::logic_error);
    EXPECT_THROW(writer.publish(), std::logic_error);
    EXPECT_FALSE(fs::exists(parent.path() / "out"));
}

TEST(SafetensorsWriter, RefusesNamesShapesAndFoldersThatCannotBe) {
    const core::TemporaryFolder parent;
    const auto declared = [&](std::vector<SafetensorDeclaration> tensors) {
        SafetensorsWriter writer(parent.path() / "out", tensors);
    };
    EXPECT_THROW(declared({three[0], three[0]}), core::Error);
    EXPECT_THROW(declared({{"a\nb", Element::f16, {1}}}), core::Error);
    EXPECT_THROW(declared({{"a", Element::f16, {1ull << 40, 1ull << 40}}}), core::Error);
    EXPECT_THROW(declared({{"a", Element::f16, {1ull << 50}}}), core::Error);  // a petabyte: no disk has that
    core::write_file_atomic(parent.path() / "out" / "kept", "mine");
    EXPECT_THROW(declared(three), core::Error);
    EXPECT_THAT(names_in(parent.path()), testing::ElementsAre("out"));
    EXPECT_EQ(core::read_file(parent.path() / "out" / "kept"), "mine");
}

}  // namespace
}  // namespace scale::model
