// How far stage A has read the gateway's log.
#pragma once

#include <cstdint>
#include <vector>

#include "record/entry.h"

namespace scale::rollout {

// Stage A has had the chance to read what was admitted before this time, milliseconds since 1970: the set in force was
// assembled later, or scale evaluate check read the log later. Where live traffic re-opened stage S, the next set is
// drawn from all since the last one: the time is then that one's. 0 without a set.
std::int64_t read_by_stage_a_ms(const std::vector<record::Entry>& entries);

}  // namespace scale::rollout
