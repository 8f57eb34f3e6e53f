// By what a closed segment is known again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "core/json.h"

namespace scale::rollout {

struct SegmentMark {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;       // of its text, unpacked
    std::uint64_t line_bytes = 0;  // of its last line, newline included; 0 where it is empty
    std::uint32_t line_crc = 0;    // CRC-32C of that line
    std::int64_t newest_ms = 0;    // the time of its last record; 0 where there is none

    bool operator==(const SegmentMark&) const = default;
};

// Reads the segment's end. Throws an io or input error.
SegmentMark mark_of(const std::filesystem::path& segment);

// The time of the segment's first record; 0 where there is none.
std::int64_t first_ms_of(const std::filesystem::path& segment);

}  // namespace scale::rollout
