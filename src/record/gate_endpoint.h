// What the endpoints of a gate's checks measure.
#pragma once

#include "record/payload.h"

namespace scale::record {

// Shares of task items or answers, whose losses and margins are percentage points.
inline bool counts_in_points(const GateCheck& check) {
    return check.endpoint == "accuracy" || check.endpoint == "agreement" || check.endpoint == "expected_accuracy" ||
           check.endpoint == "habit";
}

}  // namespace scale::record
