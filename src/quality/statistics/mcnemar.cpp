#include "quality/statistics/mcnemar.h"

#include <algorithm>
#include <cmath>

namespace scale::quality {

double mcnemar_worse(int base_only, int candidate_only) {
    const int n = base_only + candidate_only;
    double tail = 0;
    for (int k = base_only; k <= n; ++k)
        tail += std::exp(std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0) - n * std::log(2.0));
    return std::min(tail, 1.0);
}

}  // namespace scale::quality
