// How well the chosen samples cover the traffic.
#pragma once

#include <cstddef>
#include <vector>

#include "calibration/selection.h"
#include "record/payload.h"

namespace scale::calibration {

struct Coverage {
    std::vector<record::Stratum> strata;  // by format, topic and length
    double covered = 0;                   // share of the distinct traffic whose stratum has a sample
    double total_variation = 0;  // ½ Σ |share of traffic − share of samples|; not 0, because quotas grow with √N
};

Coverage coverage_of(const TrafficIndex& index, const std::vector<std::size_t>& samples,
                     const std::vector<std::size_t>& holdout);

std::string stratum_label(const TrafficIndex& index, std::size_t request);  // "code / card, payment / short"

}  // namespace scale::calibration
