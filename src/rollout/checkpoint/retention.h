// Which segments of the log may go: closed and packed, old enough, read by stage A as far as it reads, and before the
// segment of a checkpoint. That segment itself stays, since the checkpoint is known by it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace scale::rollout {

struct RetentionRule {
    std::uint64_t below = 0;          // segments covered
    std::int64_t older_than_ms = 0;   // newest record before this time
    std::int64_t read_before_ms = 0;  // stage A has read what was admitted before
};

struct Removable {
    std::vector<std::filesystem::path> segments;  // the oldest first, without a gap
    std::string held;  // why the next one stays although it is old enough; "" where it is not
};
Removable removable_segments(const std::filesystem::path& log_folder, const RetentionRule& rule);

}  // namespace scale::rollout
