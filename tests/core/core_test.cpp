#include <cmath>
#include <fcntl.h>
#include <set>
#include <signal.h>
#include <thread>

#include <gtest/gtest.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/process.h"
#include "core/random.h"
#include "core/text.h"

namespace scale::core {
namespace {

TEST(Sha256, MatchesPublishedVectors) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    const TemporaryFolder folder;
    write_file_atomic(folder.path() / "abc", "abc");
    EXPECT_EQ(sha256_file(folder.path() / "abc"), sha256_hex("abc"));
}

TEST(Json, RefusesDeepNestingAndNamesTheOffset) {
    EXPECT_THROW(parse_json(std::string(100000, '['), "x"), Error);
    EXPECT_NO_THROW(parse_json("{\"a\":\"[[[\"}", "x"));
    try {
        parse_json("{\"a\": nul}", "request");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.found().find("request: not valid JSON at byte"), std::string::npos) << error.found();
    }
    EXPECT_THROW(required<int>(Json{{"a", "text"}}, "a", "x"), Error);
    EXPECT_THROW(required<int>(Json{{"a", 1}}, "b", "x"), Error);
    EXPECT_EQ(required<int>(Json{{"a", 1}}, "a", "x"), 1);
}

TEST(File, AtomicWriteReplacesWholeFilesAndLimitsReads) {
    const TemporaryFolder folder;
    const auto path = folder.path() / "deep" / "er" / "file";
    write_file_atomic(path, "first");
    write_file_atomic(path, "second");
    EXPECT_EQ(read_file(path), "second");
    EXPECT_THROW(read_file(path, 3), Error);
    EXPECT_THROW(read_file(folder.path() / "none"), Error);
    EXPECT_THROW(write_file_atomic("/dev/null/file", "x"), Error);
    EXPECT_THROW(require_free_space(folder.path(), UINT64_MAX / 2, "a test"), Error);
}

TEST(File, FullDiskIsAnErrorThatSaysSo) {
    const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    ASSERT_TRUE(full);
    try {
        write_all(full.get(), "bytes", "the record");
        FAIL();
    } catch (const Error& error) {
        EXPECT_NE(error.found().find("No space left"), std::string::npos);
        EXPECT_NE(error.next().find("free disk space"), std::string::npos);
    }
}

TEST(Clock, RoundTripsAndRefusesNonsense) {
    const TimePoint time = from_rfc3339("2026-11-24T12:34:56.789Z");
    EXPECT_EQ(to_rfc3339(time), "2026-11-24T12:34:56.789Z");
    EXPECT_EQ(to_rfc3339(from_rfc3339("2024-02-29T00:00:00Z")), "2024-02-29T00:00:00.000Z");
    for (const char* text : {"", "2026-13-01T00:00:00Z", "2023-02-29T00:00:00Z", "2026-11-24T12:00:00", "yesterday"})
        EXPECT_THROW(from_rfc3339(text), Error) << text;
}

TEST(Random, SequenceIsFixedAndUniform) {
    Random a(1, "items"), b(1, "items"), c(1, "other");
    const auto first = a.next();
    EXPECT_EQ(first, b.next());
    EXPECT_NE(first, c.next());
    Random dice(7);
    std::array<int, 6> counts{};
    for (int i = 0; i < 60000; ++i) ++counts[dice.below(6)];
    for (const int count : counts) EXPECT_NEAR(count, 10000, 400);
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; ++i) {
        const double x = dice.normal();
        sum += x;
        squares += x * x;
    }
    EXPECT_NEAR(sum / 100000, 0, 0.02);
    EXPECT_NEAR(squares / 100000, 1, 0.02);
}

TEST(Text, NearestFindsTyposAndNotStrangers) {
    const std::vector<std::string> known{"memory_mib", "kind", "price_per_hour"};
    EXPECT_EQ(nearest("memory_mb", known), "memory_mib");
    EXPECT_EQ(nearest("kidn", known), "kind");
    EXPECT_EQ(nearest("zzzzzz", known), "");
}

TEST(Text, Utf8IsJudgedByTheStandard) {
    EXPECT_TRUE(is_valid_utf8("plain ü € 😀"));
    for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
        EXPECT_FALSE(is_valid_utf8(bad));
}

TEST(Process, ReportsOutputExitAndMissingPrograms) {
    ProcessOptions options;
    options.arguments = {"sh", "-c", "cat; exit 3"};
    options.pipe_stdin = options.pipe_stdout = true;
    Process child(options);
    write_all(child.stdin_descriptor(), "through", "child");
    child.close_stdin();
    char buffer[32];
    const auto got = ::read(child.stdout_descriptor(), buffer, sizeof buffer);
    EXPECT_EQ(std::string(buffer, static_cast<std::size_t>(got)), "through");
    EXPECT_EQ(exit_text(child.wait()), "exit status 3");
    options.arguments = {"no-such-program-anywhere"};
    EXPECT_THROW(Process{options}, Error);
}

TEST(Process, StopEscalatesToKill) {
    const TemporaryFolder folder;
    ProcessOptions options;
    options.arguments = {"sh", "-c",
                         "trap '' TERM; : > " + (folder.path() / "ready").string() + "; while :; do sleep 0.05; done"};
    Process child(options);
    while (!std::filesystem::exists(folder.path() / "ready")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const pid_t pid = child.pid();
    child.stop(std::chrono::milliseconds(100));
    EXPECT_EQ(::kill(pid, 0), -1);
}

}  // namespace
}  // namespace scale::core
