#include "record/live_log/segment_scan.h"

#include <algorithm>
#include <charconv>
#include <string>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "record/live_log/crc32c.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "segment-";
constexpr std::string_view suffix = ".log";

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

fs::path segment_path(const fs::path& folder, std::uint64_t number) {
    return folder / fmt::format("{}{:010}{}", prefix, number, suffix);
}

std::uint64_t segment_number(const fs::path& segment) {
    const std::string name = segment.filename().string();
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
    std::sort(segments.begin(), segments.end(),
              [](const auto& a, const auto& b) { return segment_number(a) < segment_number(b); });
    return segments;
}

std::string framed_line(std::string_view json_line) {
    return fmt::format("{:08x} {}\n", crc32c(json_line), json_line);
}

SegmentScan scan_segment(const fs::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit) {
    const core::MappedFile file(segment);
    std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    SegmentScan scan;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto json_line = end == std::string_view::npos ? std::string_view() : checked(rest.substr(0, end));
        if (json_line.empty()) {
            if (!is_last || (end != std::string_view::npos && any_valid_line(rest.substr(end + 1))))
                throw core::input_error(
                    fmt::format("{} line {}: the checksum does not match", segment.string(), scan.lines + 1),
                    "a segment as it was written",
                    "restore the file from a copy, or move the folder away to start a new log");
            scan.torn_bytes = rest.size();
            return scan;
        }
        visit(json_line, ++scan.lines);
        scan.good_bytes += end + 1;
        rest.remove_prefix(end + 1);
    }
    return scan;
}

}  // namespace scale::record
