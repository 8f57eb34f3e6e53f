#include "calibration/traffic_log.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/hash.h"

namespace scale::calibration {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TrafficLog : public testing::Test {
  protected:
    LogReading read(const std::string& bytes) {
        core::write_file_atomic(log_, bytes);
        lines_.clear();
        places_.clear();
        broken_ = {};
        return read_log(
            log_,
            [&](const LinePlace& place, std::string_view line) {
                places_.push_back(place);
                lines_.emplace_back(line);
            },
            broken_);
    }

    core::TemporaryFolder folder_;
    core::fs::path log_ = folder_.path() / "traffic.jsonl";
    std::vector<std::string> lines_;
    std::vector<LinePlace> places_;
    BrokenLines broken_;
};

TEST_F(TrafficLog, TakesEveryKindOfLineEnding) {
    const std::string bytes = "\xef\xbb\xbf{\"a\":1}\r\n\n  \r\n{\"b\":2}\n{\"c\":3}";
    const LogReading reading = read(bytes);
    EXPECT_THAT(lines_, ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}"));
    EXPECT_EQ(reading.lines, 3u);
    EXPECT_EQ(reading.sha256, core::sha256_hex(bytes));
    EXPECT_EQ(places_[1].number, 4u);
    EXPECT_EQ(broken_.count, 0u);
    const LineReader reader(log_);
    for (std::size_t i = 0; i < lines_.size(); ++i) EXPECT_EQ(reader.read(places_[i]), lines_[i]);
}

TEST_F(TrafficLog, SkipsGiantLinesAndFindsItsWayAgain) {
    const std::string exact(max_line, 'x');
    const LogReading reading = read("first\n" + exact + "y\n" + exact + "\nlast\n");
    ASSERT_EQ(lines_.size(), 3u);
    EXPECT_EQ(lines_[1].size(), max_line);
    EXPECT_EQ(lines_[2], "last");
    EXPECT_EQ(reading.lines, 4u);
    EXPECT_THAT(broken_.examples, ElementsAre(HasSubstr("line 2: 16.0 MiB")));
    EXPECT_EQ(LineReader(log_).read(places_[2]), "last");
}

TEST_F(TrafficLog, AnEmptyLogHasNoLines) {
    EXPECT_EQ(read("").lines, 0u);
    EXPECT_EQ(read("\n\n\r\n").lines, 0u);
}

TEST_F(TrafficLog, NamesOnlyTheFirstBrokenLines) {
    BrokenLines broken;
    for (std::uint64_t line = 1; line <= 9; ++line) broken.add(line, "bad");
    EXPECT_EQ(broken.count, 9u);
    EXPECT_THAT(broken.examples,
                ElementsAre("line 1: bad", "line 2: bad", "line 3: bad", "line 4: bad", "line 5: bad"));
}

TEST_F(TrafficLog, AMissingLogSaysWhereToNameOne) {
    BrokenLines broken;
    try {
        read_log(folder_.path() / "none", {}, broken);
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.next(), HasSubstr("--log"));
    }
    EXPECT_THROW(read_log(folder_.path(), {}, broken), core::Error);
}

}  // namespace
}  // namespace scale::calibration
