#include "record/live_log/segment_scan.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "record/live_log/crc32c.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "segment-";
constexpr std::string_view suffix = ".log";
constexpr std::string_view packed_suffix = ".zst";

// The JSON text of a line without its newline; empty where the checksum does not match.
std::string_view checked(std::string_view line) {
    if (line.size() <= frame_width || line[frame_width - 1] != ' ') return {};
    std::uint32_t stated = 0;
    const char* end = line.data() + frame_width - 1;
    const auto parsed = std::from_chars(line.data(), end, stated, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return {};
    const std::string_view json_line = line.substr(frame_width);
    return crc32c(json_line) == stated ? json_line : std::string_view();
}

bool any_valid_line(std::string_view text) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) return false;
        if (!checked(text.substr(0, end)).empty()) return true;
        text.remove_prefix(end + 1);
    }
    return false;
}

}  // namespace

bool is_packed(const fs::path& segment) {
    return segment.extension() == packed_suffix;
}

fs::path segment_path(const fs::path& folder, std::uint64_t number) {
    return folder / fmt::format("{}{:010}{}", prefix, number, suffix);
}

std::uint64_t segment_number(const fs::path& segment) {
    std::string name = segment.filename().string();
    if (is_packed(segment)) name.erase(name.size() - packed_suffix.size());
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) || !name.ends_with(suffix)) return 0;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size() - suffix.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

std::vector<fs::path> segments_of(const fs::path& folder) {
    std::vector<fs::path> segments;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder, failure))
        if (segment_number(entry.path()) != 0) segments.push_back(entry.path());
    std::sort(segments.begin(), segments.end(), [](const auto& a, const auto& b) {
        return std::pair(segment_number(a), is_packed(a)) < std::pair(segment_number(b), is_packed(b));
    });
    const auto same = [](const auto& a, const auto& b) { return segment_number(a) == segment_number(b); };
    segments.erase(std::unique(segments.begin(), segments.end(), same), segments.end());
    return segments;
}

std::string framed_line(std::string_view json_line) {
    return fmt::format("{:08x} {}\n", crc32c(json_line), json_line);
}

SegmentScan scan_segment(const SegmentText& text, const fs::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit) {
    SegmentScan scan;
    text.for_each_block([&](std::string_view rest) {
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            const auto json_line = end == std::string_view::npos ? std::string_view() : checked(rest.substr(0, end));
            if (json_line.empty()) {
                const bool may_be_torn = is_last && !text.is_packed();
                if (!may_be_torn || (end != std::string_view::npos && any_valid_line(rest.substr(end + 1))))
                    throw core::input_error(
                        fmt::format("{} line {}: the checksum does not match", segment.string(), scan.lines + 1),
                        "a segment as it was written",
                        "restore the file from a copy, or move the folder away to start a new log");
                scan.torn_bytes = rest.size();
                return;
            }
            visit(json_line, ++scan.lines);
            scan.good_bytes += end + 1;
            rest.remove_prefix(end + 1);
        }
    });
    return scan;
}

SegmentScan scan_segment(const fs::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit) {
    return scan_segment(SegmentText(segment), segment, is_last, visit);
}

}  // namespace scale::record
