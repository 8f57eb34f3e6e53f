#include "quality/statistics/sample_size.h"

#include <algorithm>
#include <cmath>

#include "quality/statistics/normal.h"

namespace scale::quality {

namespace {

// What the score test divides by, per item, at the table that is expected: 2q + Δ(1 − Δ), q as in tango.h.
double variance_under_margin(const SampleSizeInput& input) {
    const double margin = input.margin;
    const double better = (input.discordance - input.loss) / 2;
    const double b = -input.discordance + (2 - input.loss) * margin;
    const double c = -better * margin * (1 - margin);
    const double q = (std::sqrt(b * b - 8 * c) - b) / 4;
    return 2 * std::max(q, 0.0) + margin * (1 - margin);
}

}  // namespace

int paired_sample_size(const SampleSizeInput& input) {
    const double variance = input.discordance - input.loss * input.loss;
    const double room = input.margin - input.loss;
    if (room <= 0 || variance <= 0) return 0;
    const double spread = normal_quantile(1 - input.alpha) * std::sqrt(variance_under_margin(input)) +
                          normal_quantile(input.power) * std::sqrt(variance);
    const double n = std::ceil(spread * spread / (room * room));
    return n < 1e9 ? static_cast<int>(n) : 0;
}

}  // namespace scale::quality
