// The set among its candidates: as topics alone would choose it, or by channel coverage too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "calibration/channels/channel_cover.h"
#include "record/payload.h"

namespace scale::calibration {

struct Reranked {
    std::vector<std::size_t> chosen;  // positions of candidates, ascending
    record::ChannelCoverage figures;  // but for what the job knows: pool and tokens
    std::vector<record::LayerChannels> layers;
};

// `strata` hold positions, the best by topic first. mode "cover" chooses by coverage, any other the first of every
// stratum. The random figure is the mean of 20 draws of as many of every stratum.
Reranked rerank(const std::vector<LayerOutliers>& outliers, const std::vector<Seats>& strata, const std::string& mode,
                std::uint64_t seed);

}  // namespace scale::calibration
