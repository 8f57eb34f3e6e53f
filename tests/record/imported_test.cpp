#include "record/imported.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "record/pass.h"

namespace scale::record {
namespace {

namespace fs = std::filesystem;

TEST(Imported, TheLatestImportOfAPathCounts) {
    const core::TemporaryFolder folder;
    EXPECT_FALSE(find_imported(folder.path(), "model"));
    remember_imported(folder.path(), {"model", "s1", "t1", "g1"});
    remember_imported(folder.path(), {"other", "s2", "t2", "g2"});
    remember_imported(folder.path(), {"model", "s3", "t3", "g3"});
    ASSERT_TRUE(find_imported(folder.path(), "model"));
    EXPECT_EQ(find_imported(folder.path(), "model")->gguf_sha256, "g3");
    EXPECT_EQ(find_imported(folder.path(), "other")->source_sha256, "s2");
}

TEST(Imported, ADamagedListIsAnErrorThatNamesIt) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / ".scale" / "imported.json", "[{\"path\": 3}]");
    EXPECT_THROW(find_imported(folder.path(), "model"), core::Error);
    core::write_file_atomic(folder.path() / ".scale" / "imported.json", "[{");
    EXPECT_THROW(find_imported(folder.path(), "model"), core::Error);
}

TEST(Imported, APassFindsTheObjectBehindAFolder) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "scale.toml", "[model]\npath = \"hf\"\n[constraint]\nkind = \"measure\"\n");
    fs::create_directories(folder.path() / "hf");
    Pass pass(folder.path());
    EXPECT_THROW(pass.original(), core::Error);
    const std::string digest = pass.objects().put("weights");
    remember_imported(folder.path(), {"hf", "s", "t", digest});
    EXPECT_EQ(pass.original(), pass.objects().path(digest));
    EXPECT_EQ(pass.original("file.gguf"), folder.path() / "file.gguf");
    fs::remove(pass.objects().path(digest));
    EXPECT_THROW(pass.original(), core::Error);
}

}  // namespace
}  // namespace scale::record
