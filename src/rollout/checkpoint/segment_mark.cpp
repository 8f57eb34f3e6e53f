#include "rollout/checkpoint/segment_mark.h"

#include <algorithm>
#include <string_view>

#include "record/live_log/crc32c.h"
#include "record/live_log/segment_scan.h"

namespace scale::rollout {

namespace {

constexpr std::uint64_t first_look = 64 << 10;

std::int64_t time_of(std::string_view line, const std::string& source) {
    if (line.size() <= record::frame_width) return 0;
    return core::parse_json(line.substr(record::frame_width), source).value("time_ms", std::int64_t{0});
}

// Empty where the text does not end with a line.
std::string last_line(const record::SegmentText& text) {
    for (std::uint64_t look = first_look;; look *= 4) {
        const std::uint64_t length = std::min(look, text.size());
        const std::string end = text.read(text.size() - length, length);
        if (end.empty() || end.back() != '\n') return {};
        const auto before = end.size() < 2 ? std::string::npos : end.rfind('\n', end.size() - 2);
        if (before != std::string::npos) return end.substr(before + 1);
        if (length == text.size()) return end;
    }
}

std::string first_line(const record::SegmentText& text) {
    for (std::uint64_t look = first_look;; look *= 4) {
        const std::uint64_t length = std::min(look, text.size());
        const std::string begin = text.read(0, length);
        if (const auto end = begin.find('\n'); end != std::string::npos) return begin.substr(0, end + 1);
        if (length == text.size()) return {};
    }
}

}  // namespace

SegmentMark mark_of(const std::filesystem::path& segment) {
    const record::SegmentText text(segment);
    const std::string line = last_line(text);
    SegmentMark mark;
    mark.number = record::segment_number(segment);
    mark.bytes = text.size();
    mark.line_bytes = line.size();
    mark.line_crc = record::crc32c(line);
    mark.newest_ms = time_of(line, segment.string());
    return mark;
}

std::int64_t first_ms_of(const std::filesystem::path& segment) {
    return time_of(first_line(record::SegmentText(segment)), segment.string());
}

}  // namespace scale::rollout
