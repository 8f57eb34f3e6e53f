#include "record/store.h"

#include <fstream>
#include <limits>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"

namespace scale::record {
namespace {

class StoreTest : public ::testing::Test {
  protected:
    void SetUp() override { core::set_verbosity(core::Verbosity::quiet); }

    NewEntry entry(const std::string& text) { return {Stage::constraint, kind::constraint, {}, {{"sentence", text}}}; }
    std::string text() { return core::read_file(store_.file()); }
    void overwrite(const std::string& bytes) { std::ofstream(store_.file(), std::ios::binary) << bytes; }
    std::string error_of_read() {
        try {
            store_.read();
        } catch (const core::Error& error) {
            return error.what();
        }
        return {};
    }

    core::TemporaryFolder folder_;
    Store store_{folder_.path()};
};

TEST_F(StoreTest, ChainsEntriesAndReadsThemBack) {
    const Entry first = store_.append(entry("one"));
    const Entry second = store_.append(entry("two"));
    const auto entries = store_.read();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(first.prev, genesis_hash());
    EXPECT_EQ(entries[1].prev, first.hash);
    EXPECT_EQ(entries[1].hash, second.hash);
    EXPECT_EQ(entries[1].payload["sentence"], "two");
}

TEST_F(StoreTest, TornLastLineIsReportedAndCutByTheNextAppend) {
    store_.append(entry("one"));
    store_.append(entry("two"));
    const std::string whole = text();
    overwrite(whole.substr(0, whole.size() - 7));
    EXPECT_EQ(store_.read().size(), 1u);
    EXPECT_GT(store_.torn_bytes(), 0u);
    store_.append(entry("three"));
    const auto entries = store_.read();
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[1].payload["sentence"], "three");
    EXPECT_EQ(store_.torn_bytes(), 0u);
}

TEST_F(StoreTest, AnyChangedByteIsNamedByLine) {
    for (int i = 0; i < 3; ++i) store_.append(entry("entry " + std::to_string(i)));
    const std::string whole = text();
    std::size_t line = 1;
    for (std::size_t i = 0; i < whole.size(); ++i) {
        std::string damaged = whole;
        damaged[i] = damaged[i] == 'x' ? 'y' : 'x';
        overwrite(damaged);
        // The newline of the last line: what remains is a torn tail, which is not damage.
        if (i + 1 == whole.size()) {
            EXPECT_EQ(store_.read().size(), 2u);
            continue;
        }
        EXPECT_NE(error_of_read().find("line " + std::to_string(line)), std::string::npos) << "byte " << i;
        if (whole[i] == '\n') ++line;
    }
}

TEST_F(StoreTest, RemovedAndSwappedLinesAreNamed) {
    for (int i = 0; i < 3; ++i) store_.append(entry("entry " + std::to_string(i)));
    const std::string whole = text();
    const auto first = whole.find('\n') + 1;
    const auto second = whole.find('\n', first) + 1;
    overwrite(whole.substr(0, first) + whole.substr(second));
    EXPECT_NE(error_of_read().find("line 2"), std::string::npos);
    overwrite(whole.substr(first, second - first) + whole.substr(0, first) + whole.substr(second));
    EXPECT_NE(error_of_read().find("line 1"), std::string::npos);
}

TEST_F(StoreTest, InvalidTextAndNumbersAreStoredAsTheyWillBeRead) {
    NewEntry odd = entry("\xff\xfe broken");
    odd.payload["value"] = std::numeric_limits<double>::quiet_NaN();
    store_.append(odd);
    const auto entries = store_.read();
    ASSERT_EQ(entries.size(), 1u);
    EXPECT_TRUE(entries[0].payload["value"].is_null());
}

TEST_F(StoreTest, WritersInParallelLoseNothing) {
    constexpr int writers = 4, each = 10;
    std::vector<pid_t> children;
    for (int w = 0; w < writers; ++w) {
        const pid_t child = ::fork();
        if (child == 0) {
            Store own(folder_.path());
            for (int i = 0; i < each; ++i) own.append(entry(std::to_string(w)));
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(store_.read().size(), static_cast<std::size_t>(writers * each));
}

}  // namespace
}  // namespace scale::record
