#include "hardware/control_group.h"

#include <functional>
#include <sstream>
#include <string>

#include "hardware/text_file.h"

namespace scale::hardware {

namespace fs = std::filesystem;

namespace {

template <typename T>
void tighten(std::optional<T>& limit, T value) {
    if (!limit || value < *limit) limit = value;
}

// Calls visit for the group's folder and each ancestor up to the mount point. In a container the path of the group may
// name folders that are not mounted there; those are skipped.
void for_each_level(const fs::path& mount, const std::string& group,
                    const std::function<void(const fs::path&)>& visit) {
    fs::path relative = fs::path(group).relative_path();
    while (!relative.empty()) {
        const fs::path folder = mount / relative;
        if (fs::exists(folder)) visit(folder);
        relative = relative.parent_path();
    }
    if (fs::exists(mount)) visit(mount);
}

void limit_memory(GroupLimits& limits, std::optional<std::uint64_t> limit, std::optional<std::uint64_t> used,
                  std::uint64_t droppable) {
    // Version 1 writes "no limit" as a number near 2^63.
    if (!limit || *limit >= (std::uint64_t{1} << 62)) return;
    tighten(limits.memory, *limit);
    if (!used) return;
    const std::uint64_t held = *used > droppable ? *used - droppable : 0;
    tighten(limits.memory_available, *limit > held ? *limit - held : 0);
}

void read_unified(GroupLimits& limits, const fs::path& folder) {
    std::istringstream cpu(text_of(folder / "cpu.max"));
    std::string quota;
    std::string period;
    cpu >> quota >> period;
    const auto quota_us = number_of(quota);
    const auto period_us = number_of(period);
    if (quota_us && period_us && *period_us > 0)
        tighten(limits.cores, static_cast<double>(*quota_us) / static_cast<double>(*period_us));
    limit_memory(limits, number_of(text_of(folder / "memory.max")), number_of(text_of(folder / "memory.current")),
                 field_of(text_of(folder / "memory.stat"), "inactive_file").value_or(0));
}

void read_old_cpu(GroupLimits& limits, const fs::path& folder) {
    const auto quota_us = number_of(text_of(folder / "cpu.cfs_quota_us"));
    const auto period_us = number_of(text_of(folder / "cpu.cfs_period_us"));
    if (quota_us && period_us && *quota_us > 0 && *period_us > 0)
        tighten(limits.cores, static_cast<double>(*quota_us) / static_cast<double>(*period_us));
}

void read_old_memory(GroupLimits& limits, const fs::path& folder) {
    limit_memory(limits, number_of(text_of(folder / "memory.limit_in_bytes")),
                 number_of(text_of(folder / "memory.usage_in_bytes")),
                 field_of(text_of(folder / "memory.stat"), "total_inactive_file").value_or(0));
}

bool names_controller(const std::string& list, const std::string& controller) {
    return ("," + list + ",").find("," + controller + ",") != std::string::npos;
}

}  // namespace

GroupLimits read_group_limits(const fs::path& root) {
    const fs::path mounts = root / "sys/fs/cgroup";
    GroupLimits limits;
    std::istringstream groups(text_of(root / "proc/self/cgroup"));
    // A line is "number:controllers:path"; version 2 has number 0 and no controllers.
    for (std::string line; std::getline(groups, line);) {
        const auto first = line.find(':');
        const auto second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string group = line.substr(second + 1);
        if (controllers.empty()) {
            const auto read = [&](const fs::path& folder) { read_unified(limits, folder); };
            for_each_level(fs::exists(mounts / "unified") ? mounts / "unified" : mounts, group, read);
        }
        if (names_controller(controllers, "cpu"))
            for_each_level(mounts / "cpu", group, [&](const fs::path& folder) { read_old_cpu(limits, folder); });
        if (names_controller(controllers, "memory"))
            for_each_level(mounts / "memory", group, [&](const fs::path& folder) { read_old_memory(limits, folder); });
    }
    return limits;
}

}  // namespace scale::hardware
