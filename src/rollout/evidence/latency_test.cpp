#include "rollout/evidence/latency_test.h"

#include <cmath>
#include <limits>

namespace scale::rollout {

void LatencyTest::add(double value, bool on_candidate, double share) {
    if (!(share > 0 && share < 1) || !std::isfinite(value)) return;
    const double baseline = baseline_;
    ++values_;
    baseline_ += (value - baseline_) / static_cast<double>(values_);
    if (values_ == 1) return;  // there is no earlier mean to centre the first value by
    const double score = (value - baseline) * (on_candidate ? 1 / share : -1 / (1 - share));
    ++count_;
    if (on_candidate) ++on_candidate_;
    const double deviation = score - mean_;
    mean_ += deviation / static_cast<double>(count_);
    squares_ += deviation * (score - mean_);
    if (enough() && mean_ - halfwidth() > options_.margin) harm_ = true;
}

double LatencyTest::halfwidth() const {
    if (count_ < 2) return std::numeric_limits<double>::infinity();
    const double n = static_cast<double>(count_);
    const double variance = squares_ / n;
    const double spread = -2 * std::log(2 * options_.alpha);
    const double tuning_squared = (spread + std::log(spread + 1)) / options_.expected_count;
    const double scaled = n * tuning_squared + 1;
    return std::sqrt(variance * 2 * scaled / (n * n * tuning_squared) *
                     std::log1p(std::sqrt(scaled) / (2 * options_.alpha)));
}

bool LatencyTest::safe() const {
    return enough() && mean_ + halfwidth() < options_.margin;
}

}  // namespace scale::rollout
