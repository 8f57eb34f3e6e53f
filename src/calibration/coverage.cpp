#include "calibration/coverage.h"

#include <cmath>
#include <map>
#include <string>

#include <fmt/format.h>

namespace scale::calibration {

Coverage coverage_of(const TrafficIndex& index, const std::vector<std::size_t>& samples,
                     const std::vector<std::size_t>& holdout) {
    std::map<StratumKey, record::Stratum> strata;
    for (std::size_t i = 0; i < index.distinct.size(); ++i) ++strata[stratum_of(index, i)].traffic;
    for (const std::size_t i : samples) ++strata[stratum_of(index, i)].samples;
    for (const std::size_t i : holdout) ++strata[stratum_of(index, i)].holdout;
    Coverage coverage;
    const double traffic = static_cast<double>(index.distinct.size());
    for (auto& [key, stratum] : strata) {
        stratum.format = format_name(key.format);
        stratum.topic = index.topic_names.at(static_cast<std::size_t>(key.topic));
        stratum.length = length_name(key.length);
        const double share = stratum.traffic / traffic;
        const double sampled = samples.empty() ? 0 : stratum.samples / static_cast<double>(samples.size());
        if (stratum.samples > 0) coverage.covered += share;
        coverage.total_variation += std::abs(share - sampled) / 2;
        coverage.strata.push_back(stratum);
    }
    return coverage;
}

std::string stratum_label(const TrafficIndex& index, std::size_t request) {
    const StratumKey key = stratum_of(index, request);
    return fmt::format("{} / {} / {}", format_name(key.format),
                       index.topic_names.at(static_cast<std::size_t>(key.topic)), length_name(key.length));
}

}  // namespace scale::calibration
