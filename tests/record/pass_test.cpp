#include "record/pass.h"

#include <fstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/hash.h"

namespace scale::record {
namespace {

TEST(Objects, StoreByContentAndNoticeDamage) {
    const core::TemporaryFolder folder;
    Objects objects(folder.path());
    const std::string sha256 = objects.put("hello");
    EXPECT_EQ(sha256, core::sha256_hex("hello"));
    EXPECT_EQ(objects.put("hello"), sha256);
    EXPECT_EQ(objects.get(sha256), "hello");
    std::ofstream(objects.path(sha256)) << "jello";
    EXPECT_THROW(objects.get(sha256), core::Error);
    EXPECT_THROW(objects.verify(sha256), core::Error);
    EXPECT_THROW(objects.get(std::string(64, 'a')), core::Error);
    EXPECT_THROW(objects.path("../../etc/passwd"), core::Error);
}

TEST(Objects, FilesAreCopiedOrAdopted) {
    const core::TemporaryFolder folder;
    Objects objects(folder.path());
    const auto source = folder.path() / "weights";
    core::write_file_atomic(source, "weights");
    EXPECT_EQ(objects.get(objects.put_file(source)), "weights");
    EXPECT_TRUE(std::filesystem::exists(source));
    core::write_file_atomic(source, "others");
    EXPECT_EQ(objects.get(objects.adopt_file(source)), "others");
    EXPECT_FALSE(std::filesystem::exists(source));
}

TEST(WorkLock, SecondHolderIsToldWhoWorks) {
    const core::TemporaryFolder folder;
    {
        const WorkLock first(folder.path(), "scale choose");
        try {
            const WorkLock second(folder.path(), "scale lock");
            FAIL();
        } catch (const core::Error& error) {
            EXPECT_NE(error.found().find("scale choose (process"), std::string::npos) << error.found();
        }
    }
    EXPECT_NO_THROW(WorkLock(folder.path(), "scale lock"));
}

TEST(Pass, FolderWithoutFileNamesInit) {
    const core::TemporaryFolder folder;
    try {
        const Pass pass(folder.path());
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_NE(error.next().find("scale init"), std::string::npos);
    }
}

}  // namespace
}  // namespace scale::record
