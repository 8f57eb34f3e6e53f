#include "rollout/checkpoint/retention.h"

#include <fmt/format.h>

#include "record/live_log/segment_scan.h"
#include "rollout/checkpoint/segment_mark.h"

namespace scale::rollout {

Removable removable_segments(const std::filesystem::path& log_folder, const RetentionRule& rule) {
    Removable found;
    for (const auto& segment : record::segments_of(log_folder)) {
        const std::int64_t newest_ms = mark_of(segment).newest_ms;
        if (newest_ms >= rule.older_than_ms) return found;
        const std::uint64_t number = record::segment_number(segment);
        if (newest_ms >= rule.read_before_ms)
            found.held = fmt::format("stage A has not read segment {} yet (scale evaluate check reads it)", number);
        else if (number >= rule.below)
            found.held = fmt::format("no second checkpoint lies behind segment {} yet", number);
        else if (!record::is_packed(segment))
            found.held = fmt::format("segment {} is not packed yet", number);
        if (!found.held.empty()) return found;
        found.segments.push_back(segment);
    }
    return found;
}

}  // namespace scale::rollout
