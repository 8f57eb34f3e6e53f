// How the benches print a measured rate.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

namespace scale::bench {

// "97.8 % [92.4, 99.4]" with Wilson's interval at 95 % (Wilson 1927); "none" where nothing was tried.
inline std::string rate_with_interval(int hits, int tried, int decimals = 1) {
    if (tried == 0) return "none";
    const double z = 1.959964, n = tried, p = hits / n;
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
    return fmt::format("{:.{}f} % [{:.{}f}, {:.{}f}]", 100 * p, decimals, 100 * std::max(0.0, centre - half), decimals,
                       100 * std::min(1.0, centre + half), decimals);
}

}  // namespace scale::bench
