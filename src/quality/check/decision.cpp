#include "quality/check/decision.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quality/gate.h"
#include "quality/statistics/normal.h"

namespace scale::quality {

std::string decide(const Limits& limits) {
    if (limits.upper < limits.margin) return result::pass;
    if (limits.lower > limits.margin) return result::fail;
    if (limits.loss > limits.margin && limits.significantly_worse) return result::fail;
    return result::inconclusive;
}

double growth_needed(const MeanEstimate& estimate, double margin, double alpha) {
    const double room = margin - estimate.mean;
    if (room <= 0 || estimate.standard_error <= 0) return 0;
    const double z = normal_quantile(1 - alpha) + normal_quantile(0.8);
    return std::max(1.0, std::pow(z * estimate.standard_error / room, 2));
}

double reachable_margin(double standard_error, double alpha) {
    return (normal_quantile(1 - alpha) + normal_quantile(0.8)) * standard_error;
}

void apply_estimate(record::GateCheck& check, const MeanEstimate& estimate, double margin, double alpha,
                    bool alarm_counts) {
    check.clusters = estimate.clusters;
    check.difference = estimate.mean;
    check.upper = std::isfinite(estimate.upper) ? estimate.upper : no_limit;
    check.margin = margin;
    check.level = alpha;
    check.reachable = reachable_margin(estimate.standard_error, alpha);
    check.result = decide({estimate.mean, estimate.lower, estimate.upper, margin, alarm_counts && estimate.lower > 0});
    if (check.result == result::inconclusive) {
        const double needed = check.n * growth_needed(estimate, margin, alpha);
        check.items_needed = needed < 1e9 ? static_cast<int>(std::ceil(needed)) : 0;
    }
    if (estimate.clusters < minimum_clusters)
        check.note = fmt::format("{} independent texts are too few for a limit; at least {} are needed",
                                 estimate.clusters, minimum_clusters);
}

std::string level_text(double alpha) {
    return fmt::format("one-sided {:g} %", 100 * (1 - alpha));
}

}  // namespace scale::quality
