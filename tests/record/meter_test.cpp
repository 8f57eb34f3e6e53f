// What a meter sees of time, memory and disk.
#include "record/meter.h"

#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/peak_memory.h"
#include "core/process.h"

namespace scale::record {
namespace {

constexpr std::uint64_t mib = 1 << 20;

TEST(Meter, DiskIsWhatCameToTheFolderAndNotWhatWasThere) {
    const core::TemporaryFolder folder;
    core::write_file_atomic(folder.path() / "before", std::string(3 * mib, 'a'));
    const Meter meter(folder.path());
    EXPECT_EQ(meter.so_far().disk, 0);
    core::write_file_atomic(folder.path() / "sub" / "after", std::string(2 * mib, 'a'));
    EXPECT_EQ(meter.so_far().disk, 2 * mib);
    std::filesystem::remove(folder.path() / "sub" / "after");
    EXPECT_EQ(meter.so_far().disk, 2 * mib) << "the most at once, not what is left";
    EXPECT_GT(meter.so_far().seconds, 0);
}

TEST(Meter, SeesAFileThatIsGoneBeforeItIsAsked) {
    const core::TemporaryFolder folder;
    const Meter meter(folder.path());
    core::write_file_atomic(folder.path() / "passing", std::string(mib, 'a'));
    std::this_thread::sleep_for(std::chrono::seconds(1));
    std::filesystem::remove(folder.path() / "passing");
    EXPECT_GE(meter.so_far().disk, mib);
}

TEST(Meter, MemoryIsThatOfTheLargestProcessSinceItBegan) {
    const core::TemporaryFolder folder;
    const Meter meter(folder.path());
    const std::uint64_t own = meter.so_far().memory;
    ASSERT_GT(own, 0);
    core::ProcessOptions options;
    options.arguments = {"python3", "-c", "held = bytearray(300 << 20)"};
    core::Process child(options);
    ASSERT_EQ(child.wait(), 0);
    EXPECT_GE(meter.so_far().memory, 300 * mib);
    EXPECT_LT(meter.so_far().memory, 600 * mib);
    const Meter later(folder.path());
    EXPECT_LT(later.so_far().memory, 300 * mib) << "an earlier child counts for an earlier meter";
}

}  // namespace
}  // namespace scale::record
