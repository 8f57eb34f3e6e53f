// How many of the outlier channels a set reaches, and the choice that reaches most.
//
// The *channel coverage* of a layer is the share of its outlier channels' energy that lies in channels which some
// chosen sample reaches (channel_peaks.h). The value of a choice is the mean over layers. It is submodular, so the
// greedy choice within the seats of each stratum reaches at least half of the best (Fisher, Nemhauser & Wolsey, 1978,
// for a partition matroid).
#pragma once

#include <cstddef>
#include <vector>

#include "calibration/channels/channel_peaks.h"
#include "calibration/selection.h"
#include "record/payload.h"

namespace scale::calibration {

// `chosen`: positions of samples. One figure a layer, in their order.
std::vector<record::LayerChannels> channel_coverage(const std::vector<LayerOutliers>& outliers,
                                                    const std::vector<std::size_t>& chosen);
double mean_coverage(const std::vector<record::LayerChannels>& layers);  // 1 for no layers

// As many of each stratum as it has seats: greedily those that add most coverage, and where none adds any, in the given
// order. Candidates are positions of samples, and so is the result, ascending.
std::vector<std::size_t> cover_channels(const std::vector<LayerOutliers>& outliers, const std::vector<Seats>& strata);

}  // namespace scale::calibration
