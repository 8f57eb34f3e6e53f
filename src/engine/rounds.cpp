#include "engine/rounds.h"

#include <algorithm>
#include <vector>

namespace scale::engine {

record::Measured summarise_rounds(std::span<const double> values) {
    if (values.empty()) return {};
    std::vector<double> sorted(values.begin(), values.end());
    std::sort(sorted.begin(), sorted.end());
    const std::size_t middle = sorted.size() / 2;
    const double median = sorted.size() % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return {median, sorted.front(), sorted.back(), static_cast<int>(sorted.size())};
}

record::Measured request_rate(const SpeedResult& result) {
    std::vector<double> rates;
    for (const double seconds : result.seconds_per_request)
        if (seconds > 0) rates.push_back(60 / seconds);
    return summarise_rounds(rates);
}

}  // namespace scale::engine
