#include "quality/statistics/normal.h"

#include <cmath>
#include <limits>

namespace scale::quality {

double normal_cdf(double z) {
    return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

double normal_quantile(double p) {
    if (p <= 0) return -std::numeric_limits<double>::infinity();
    if (p >= 1) return std::numeric_limits<double>::infinity();
    double low = -40, high = 40;
    for (int step = 0; step < 80; ++step) {
        const double middle = 0.5 * (low + high);
        (normal_cdf(middle) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace scale::quality
