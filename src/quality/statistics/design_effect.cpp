#include "quality/statistics/design_effect.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "quality/statistics/normal.h"

namespace scale::quality {
namespace {

struct Group {
    double count = 0;
    double sum = 0;
    double squares = 0;
};

}  // namespace

double design_effect(const std::vector<ClusteredValue>& values) {
    std::map<int, Group> groups;
    double total = 0;
    for (const ClusteredValue& v : values) {
        Group& group = groups[v.cluster];
        group.count += 1;
        group.sum += v.value;
        group.squares += v.value * v.value;
        total += v.value;
    }
    const double n = static_cast<double>(values.size());
    const double k = static_cast<double>(groups.size());
    if (k < 2 || n <= k) return k < 2 && n > 1 ? n : 1;  // a single cluster is a single observation
    const double mean = total / n;
    double between = 0, within = 0, sizes = 0;
    for (const auto& [cluster, group] : groups) {
        const double own = group.sum / group.count;
        between += group.count * (own - mean) * (own - mean);
        within += group.squares - group.count * own * own;
        sizes += group.count * group.count;
    }
    between /= k - 1;
    within /= n - k;
    const double typical = (n - sizes / n) / (k - 1);
    const double denominator = between + (typical - 1) * within;
    if (denominator <= 0) return 1;  // no spread at all
    const double correlation = (between - within) / denominator;
    return std::max(1.0, 1 + (sizes / n - 1) * correlation);
}

double wilson_lower(double share, double n, double alpha) {
    if (n <= 0) return 0;
    const double z = normal_quantile(1 - alpha);
    const double centre = share + z * z / (2 * n);
    const double spread = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    return std::max(0.0, (centre - spread) / (1 + z * z / n));
}

}  // namespace scale::quality
