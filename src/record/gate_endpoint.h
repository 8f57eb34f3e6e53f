// What the endpoints of a gate's checks measure.
#pragma once

#include "record/payload.h"

namespace scale::record {

// Shares of task items or answers, whose losses and margins are percentage points.
inline bool counts_in_points(const GateCheck& check) {
    return check.endpoint == "accuracy" || check.endpoint == "agreement" || check.endpoint == "expected_accuracy" ||
           check.endpoint == "habit";
}

// KL divergences: their mean, of all texts or of a slice, and their tail.
inline bool is_divergence(const GateCheck& check) {
    return check.endpoint == "kl_mean" || check.endpoint == "kl_mean_slice" || check.endpoint == "kl_p99" ||
           check.endpoint == "kl_p999";
}

}  // namespace scale::record
