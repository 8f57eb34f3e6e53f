// Limits that Linux control groups set on this process.
//
// Version 2 (kernel docs, admin-guide/cgroup-v2): cpu.max, memory.max, memory.current, memory.stat.
// Version 1 (admin-guide/cgroup-v1): cpu.cfs_quota_us over cpu.cfs_period_us, memory.limit_in_bytes,
// memory.usage_in_bytes. A limit of any ancestor binds, so the smallest one on the way to the root counts.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace scale::hardware {

struct GroupLimits {
    std::optional<double> cores;
    std::optional<std::uint64_t> memory;            // bytes
    std::optional<std::uint64_t> memory_available;  // limit less use; page cache that can be dropped counts as free
};

// `root` stands for "/": the function reads proc/self/cgroup and sys/fs/cgroup below it. What cannot be read sets no
// limit.
GroupLimits read_group_limits(const std::filesystem::path& root);

}  // namespace scale::hardware
