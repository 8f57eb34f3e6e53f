// Choosing k requests that stand for a stratum: facility location.
//
// The value of a choice S is Σ_i w_i · max_{j ∈ S} max(0, cos(x_i, x_j)): every request is served by the chosen one
// most like it. The function is submodular, so the greedy choice reaches at least 1 − 1/e of the best value (Nemhauser,
// Wolsey & Fisher, 1978); gains only fall, so most need not be computed again (lazy greedy, Minoux, 1978).
#pragma once

#include <cstddef>
#include <vector>

#include "calibration/topics.h"

namespace scale::calibration {

// Strata larger than this are represented by their first members; time and memory stay bounded.
inline constexpr std::size_t covered_requests = 4000;

// The positions of `k` members of `items` in the order in which they were taken; equal gains go to the earlier one.
// Takes all where there are no more than k. `weights` belongs to `items`, each above 0.
std::vector<std::size_t> facility_location(const std::vector<const TopicVector*>& items,
                                           const std::vector<double>& weights, std::size_t k);

}  // namespace scale::calibration
