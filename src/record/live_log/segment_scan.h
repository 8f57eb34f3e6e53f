// The frame of the gateway's log (rollout/log/segment_log.h writes it, the calibration stage reads requests from it): a
// folder of segment files, each of lines "<CRC-32C, 8 hexadecimal digits> <JSON>", packed once they are closed. Here:
// reading one segment, the lines that check out, and where a torn tail begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "record/live_log/segment_text.h"

namespace scale::record {

// Segment files of the folder in the order of writing, one for each segment; empty where the folder does not exist. The
// plain file stands for a segment that is being packed.
std::vector<std::filesystem::path> segments_of(const std::filesystem::path& folder);
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number);
std::uint64_t segment_number(const std::filesystem::path& segment);  // 0: not a segment's name
bool is_packed(const std::filesystem::path& segment);

// "<checksum> <json>\n"
std::string framed_line(std::string_view json_line);

struct SegmentScan {
    std::uint64_t lines = 0;
    std::uint64_t good_bytes = 0;  // length of the undamaged beginning
    std::uint64_t torn_bytes = 0;  // behind it; only where `is_last`
};

inline constexpr std::size_t frame_width = 9;  // bytes of a line before its JSON text; one newline follows it

// Calls `visit(json_line, line_number)` for each line, counted from 1. Bytes that no valid line follows are a torn tail
// (what a crash leaves); they are damage unless the segment is the last one, and plain. Throws an input error for
// damage that names `segment`.
SegmentScan scan_segment(const SegmentText& text, const std::filesystem::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit);
SegmentScan scan_segment(const std::filesystem::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit);

}  // namespace scale::record
