#include "quality/statistics/sample_size.h"

#include <cmath>

#include "quality/statistics/normal.h"

namespace scale::quality {

int paired_sample_size(const SampleSizeInput& input) {
    const double variance = input.discordance - input.loss * input.loss;
    const double room = input.margin - input.loss;
    if (room <= 0 || variance <= 0) return 0;
    const double z = normal_quantile(1 - input.alpha) + normal_quantile(input.power);
    const double n = std::ceil(z * z * variance / (room * room));
    return n < 1e9 ? static_cast<int>(n) : 0;
}

}  // namespace scale::quality
