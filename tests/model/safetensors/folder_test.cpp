// Folders: shards and their index must be one model.
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"
#include "model/safetensors/safetensors.h"
#include "support/safetensors_builder.h"

namespace scale::model {
namespace {

namespace fs = std::filesystem;
using test::SafetensorsBuilder;

class SafetensorsFolders : public testing::Test {
  protected:
    SafetensorsFolders() {
        write("one.safetensors",
              SafetensorsBuilder().tensor("a", "U8", "[2]", "ab").tensor("b", "U8", "[1]", "c").build());
        write("two.safetensors", SafetensorsBuilder().tensor("d", "U8", "[3]", "def").build());
        index_ = {{"metadata", {{"total_size", 6}}},
                  {"weight_map", {{"a", "one.safetensors"}, {"b", "one.safetensors"}, {"d", "two.safetensors"}}}};
    }

    void write(const std::string& name, const std::string& bytes) {
        core::write_file_atomic(folder_.path() / name, bytes);
    }

    // What the error for the folder with `index_` says; "" where it is accepted.
    std::string refusal() {
        write("model.safetensors.index.json", index_.dump());
        try {
            const SafetensorsFolder folder(folder_.path());
            return "";
        } catch (const core::Error& error) {
            EXPECT_EQ(error.kind(), core::ErrorKind::input);
            EXPECT_FALSE(error.next().empty());
            return error.found();
        }
    }

    core::TemporaryFolder folder_;
    core::Json index_;
};

TEST_F(SafetensorsFolders, ShardsReadAsOneModel) {
    EXPECT_EQ(refusal(), "");
    const SafetensorsFolder model(folder_.path());
    EXPECT_EQ(model.shards().size(), 2u);
    EXPECT_EQ(model.tensors().size(), 3u);
    EXPECT_EQ(model.tensor_bytes(), 6u);
    EXPECT_EQ(static_cast<char>(model.data(model.require("d"))[2]), 'f');
    EXPECT_EQ(static_cast<char>(model.data(model.require("b"))[0]), 'c');
}

TEST_F(SafetensorsFolders, MissingShardsAreNamed) {
    index_["weight_map"]["e"] = "three.safetensors";
    EXPECT_THAT(refusal(), testing::HasSubstr("1 of 3 shards are missing: three.safetensors"));
}

TEST_F(SafetensorsFolders, TensorOfTheIndexMustBeInItsShard) {
    index_["weight_map"]["e"] = "two.safetensors";
    EXPECT_THAT(refusal(), testing::HasSubstr("two.safetensors: lacks tensor 'e'"));
}

TEST_F(SafetensorsFolders, TensorOfAShardMustBeInTheIndex) {
    index_["weight_map"].erase("b");
    EXPECT_THAT(refusal(), testing::HasSubstr("one.safetensors: holds tensor 'b', which the index does not name"));
}

TEST_F(SafetensorsFolders, TensorInTwoShardsIsRefused) {
    write("two.safetensors",
          SafetensorsBuilder().tensor("d", "U8", "[3]", "def").tensor("a", "U8", "[1]", "x").build());
    EXPECT_THAT(refusal(), testing::HasSubstr("holds tensor 'a', which the index places in 'one.safetensors'"));
}

TEST_F(SafetensorsFolders, IndexMayNotLeaveTheFolder) {
    for (const char* file : {"../one.safetensors", "/etc/passwd", "sub/one.safetensors", "..", "", "one.bin"}) {
        index_["weight_map"]["a"] = file;
        EXPECT_THAT(refusal(), testing::HasSubstr("names the file")) << file;
    }
}

TEST_F(SafetensorsFolders, IndexMustBeAnIndex) {
    index_["weight_map"]["a"] = 3;
    EXPECT_THAT(refusal(), testing::HasSubstr("tensor 'a' names no file"));
    for (const char* bad : {"[]", "{}", "3", R"({"weight_map": []})", R"({"weight_map": {}})"}) {
        index_ = core::Json::parse(bad);
        EXPECT_THAT(refusal(), testing::HasSubstr("has no weight_map")) << bad;
    }
}

TEST_F(SafetensorsFolders, DamagedShardIsNamed) {
    write("two.safetensors", "short");
    EXPECT_THAT(refusal(), testing::HasSubstr("two.safetensors"));
}

TEST(SafetensorsFolder, SaysWhatIsThereInstead) {
    const core::TemporaryFolder folder;
    const auto refusal = [&] {
        try {
            const SafetensorsFolder model(folder.path());
            return std::string();
        } catch (const core::Error& error) {
            return error.found();
        }
    };
    EXPECT_THAT(refusal(), testing::HasSubstr("holds no safetensors"));
    core::write_file_atomic(folder.path() / "pytorch_model.bin", "x");
    EXPECT_THAT(refusal(), testing::HasSubstr("holds pickled weights"));
    core::write_file_atomic(folder.path() / "model-00001-of-00002.safetensors", "x");
    EXPECT_THAT(refusal(), testing::HasSubstr("holds 1 safetensors files and no model.safetensors.index.json"));
    EXPECT_THROW(SafetensorsFolder(folder.path() / "missing"), core::Error);
}

}  // namespace
}  // namespace scale::model
