#include "rollout/control/live_log_reading.h"

#include <algorithm>
#include <limits>

#include "core/clock.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "record/stage.h"
#include "record/store.h"

namespace scale::rollout {

std::int64_t read_by_stage_a_ms(const std::vector<record::Entry>& entries) {
    const record::Entry* set = record::latest(entries, record::kind::calibration_set);
    if (set == nullptr) return 0;
    std::int64_t read_ms = core::from_rfc3339(set->time).time_since_epoch().count();
    if (const auto made = set->payload.get<record::CalibrationSet>(); !made.created_at.empty())
        read_ms = core::from_rfc3339(made.created_at).time_since_epoch().count();
    std::int64_t wanted_ms = std::numeric_limits<std::int64_t>::max();
    for (const record::Entry& entry : entries) {
        if (entry.seq <= set->seq) continue;
        if (entry.kind == record::kind::traffic_check)
            read_ms = std::max(read_ms, entry.payload.value("live_until_ms", std::int64_t{0}));
        // Also once stage S has been set again: the next set is still drawn from there.
        if (entry.kind == record::kind::reopened)
            if (const auto reopened = entry.payload.get<record::Reopened>(); !reopened.traffic_log.empty())
                wanted_ms = std::min(wanted_ms, reopened.since_ms);
    }
    return std::min(read_ms, wanted_ms);
}

}  // namespace scale::rollout
