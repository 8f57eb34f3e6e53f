// The frame of the gateway's log (rollout/log/segment_log.h writes it, the calibration stage reads requests from it): a
// folder of segment files, each of lines "<CRC-32C, 8 hexadecimal digits> <JSON>". Here: reading one segment, the lines
// that check out, and where a torn tail begins.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace scale::record {

// Segment files of the folder in the order of writing; empty where the folder does not exist.
std::vector<std::filesystem::path> segments_of(const std::filesystem::path& folder);
std::filesystem::path segment_path(const std::filesystem::path& folder, std::uint64_t number);
std::uint64_t segment_number(const std::filesystem::path& segment);

// "<checksum> <json>\n"
std::string framed_line(std::string_view json_line);

struct SegmentScan {
    std::uint64_t lines = 0;
    std::uint64_t good_bytes = 0;  // length of the undamaged beginning
    std::uint64_t torn_bytes = 0;  // behind it; only where `is_last`
};

inline constexpr std::size_t frame_width = 9;  // bytes of a line before its JSON text; one newline follows it

// Calls `visit(json_line, line_number)` for each line, counted from 1. Bytes that no valid line follows are a torn tail
// (what a crash leaves); they are damage unless the segment is the last one. Throws an input error for damage.
SegmentScan scan_segment(const std::filesystem::path& segment, bool is_last,
                         const std::function<void(std::string_view, std::uint64_t)>& visit);

}  // namespace scale::record
