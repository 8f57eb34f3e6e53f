#include "quantize/allocation/allocation_journal.h"

#include <gtest/gtest.h>

#include "core/file.h"

namespace scale::quantize {
namespace {

TEST(AllocationJournal, KeepsFiguresUnderItsFingerprintOnly) {
    const core::TemporaryFolder folder;
    const auto path = folder.path() / "j.jsonl";
    {
        AllocationJournal journal(path, "a");
        EXPECT_EQ(journal.find("x"), nullptr);
        journal.add("x", {1.5, 2});
        journal.add("y", {});
        ASSERT_NE(journal.find("x"), nullptr);
    }
    core::write_file_atomic(path, core::read_file(path) + R"({"figures":[1],"name":"torn)");
    {
        AllocationJournal journal(path, "a");
        EXPECT_EQ(journal.size(), 2u);
        EXPECT_EQ(*journal.find("x"), (std::vector<double>{1.5, 2}));
        journal.add("z", {0.1});
    }
    EXPECT_EQ(AllocationJournal(path, "a").size(), 3u);
    EXPECT_EQ(AllocationJournal(path, "b").size(), 0u);
    EXPECT_EQ(AllocationJournal(path, "a").size(), 0u);
    core::write_file_atomic(path, "no journal\n");
    EXPECT_EQ(AllocationJournal(path, "a").size(), 0u);
}

}  // namespace
}  // namespace scale::quantize
