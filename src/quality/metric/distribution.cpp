#include "quality/metric/distribution.h"

#include <algorithm>
#include <cmath>

namespace scale::quality {
namespace {

std::size_t top(std::span<const float> row) {
    return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

}  // namespace

RowComparison compare_rows(std::span<const float> original, std::span<const float> candidate, engine::Token next) {
    const std::size_t original_top = top(original);
    const std::size_t candidate_top = top(candidate);
    const double original_max = original[original_top];
    const double candidate_max = candidate[candidate_top];
    // With p = e^(x − X) / Z, q = e^(y − Y) / W:  KL = Σ p·((x − X) − (y − Y)) − ln Z + ln W.
    double z = 0, w = 0, weighted = 0;
    for (std::size_t i = 0; i < original.size(); ++i) {
        const double x = original[i] - original_max;
        const double y = candidate[i] - candidate_max;
        const double e = std::exp(x);
        z += e;
        w += std::exp(y);
        weighted += e > 0 ? e * (x - y) : 0;
    }
    RowComparison result;
    result.kl = std::max(0.0, weighted / z - std::log(z) + std::log(w));
    result.same_top = original_top == candidate_top;
    result.original_log_probability = original[next] - original_max - std::log(z);
    result.candidate_log_probability = candidate[next] - candidate_max - std::log(w);
    return result;
}

}  // namespace scale::quality
