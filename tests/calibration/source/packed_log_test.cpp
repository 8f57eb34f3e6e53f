// The gateway's log gives the same requests, answers and digest whether its segments are packed or not.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "calibration/source/traffic_source.h"
#include "core/file.h"
#include "record/live_log/segment_scan.h"

namespace scale::calibration {
namespace {

namespace fs = std::filesystem;

std::string admit(int number) {
    return fmt::format(
        R"({{"type":"admit","request_id":"r{0}","arm":"original","key_kind":"user","unit":"u{0}","request":)"
        R"({{"model":"m","messages":[{{"role":"user","content":"question {0}"}}]}}}})",
        number);
}
std::string finish(int number) {
    return fmt::format(
        R"({{"type":"finish","request_id":"r{0}","outcome":"ok","served_by":"original","answer":"answer {0}"}})",
        number);
}

struct Read {
    std::vector<std::string> texts;
    LogReading reading;
};

// `between`: done after the reading and before the requests are read again.
template <typename Between>
Read read_all(const fs::path& folder, Between between) {
    const auto source = open_source(folder, "auto");
    std::vector<Place> places;
    Read read;
    read.reading = source->read([&](const Place& place, ParsedLine) { places.push_back(place); }, {});
    between();
    for (const Place& place : places) {
        const ParsedLine again = source->again(place);
        read.texts.push_back(again.refusal + again.request.messages.at(0).content + " " + again.request.answer);
    }
    return read;
}

TEST(PackedLog, IsReadAsThePlainOneIs) {
    const core::TemporaryFolder folder;
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += record::framed_line(admit(i));
        if (i % 3 != 0) text += record::framed_line(finish(i));
        if (i != 249 && i != 499) continue;
        core::write_file_atomic(record::segment_path(folder.path(), i == 249 ? 1 : 2), text);
        text.clear();
    }
    const auto nothing = [] {};
    const Read plain = read_all(folder.path(), nothing);
    ASSERT_EQ(plain.texts.size(), 500u);
    const Read meanwhile =
        read_all(folder.path(), [&] { record::pack_segment(record::segment_path(folder.path(), 1)); });
    const Read packed = read_all(folder.path(), nothing);
    EXPECT_TRUE(record::is_packed(record::segments_of(folder.path()).front()));
    for (const Read& other : {meanwhile, packed}) {
        EXPECT_EQ(other.texts, plain.texts);
        EXPECT_EQ(other.reading.sha256, plain.reading.sha256);
        EXPECT_EQ(other.reading.lines, plain.reading.lines);
    }
}

}  // namespace
}  // namespace scale::calibration
