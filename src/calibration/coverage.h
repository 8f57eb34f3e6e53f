// How well the chosen samples cover the traffic.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "calibration/selection.h"
#include "record/payload.h"

namespace scale::calibration {

struct Coverage {
    std::vector<record::Stratum> strata;  // by format, script, topic and length
    double covered = 0;                   // share of the distinct traffic whose stratum has a sample
    double total_variation = 0;  // ½ Σ |share of traffic − share of samples|; not 0, because quotas grow with √N
    double nearness = 0;         // mean over the distinct traffic of the cosine to the most similar sample
    double random_nearness = 0;  // the same for as many requests of the same pool, drawn at random
};

// `pool` is what the samples were chosen from. Nearness is measured on at most 4,000 requests, spread evenly.
Coverage coverage_of(const TrafficIndex& index, const std::vector<std::size_t>& samples,
                     const std::vector<std::size_t>& holdout, const std::vector<std::size_t>& pool, std::uint64_t seed);

std::string stratum_label(const TrafficIndex& index, std::size_t request);  // "code / Latin / card, payment / short"

}  // namespace scale::calibration
