#include "rollout/evidence/event_test.h"

#include <algorithm>
#include <cmath>

namespace scale::rollout {

namespace {

constexpr double grid_span = 8;  // the farthest alternative is this many times the boundary, or one over it

}  // namespace

EventTest::EventTest(TestDirection direction, double boundary_ratio) : boundary_(boundary_ratio) {
    for (int k = 1; k <= grid_points; ++k) {
        const double step = std::pow(grid_span, static_cast<double>(k) / grid_points);
        ratios_[static_cast<std::size_t>(k - 1)] =
            direction == TestDirection::harm ? boundary_ratio * step : boundary_ratio / step;
    }
}

void EventTest::add(bool on_candidate, double share) {
    if (!(share > 0 && share < 1)) return;
    ++(on_candidate ? on_candidate_ : on_original_);
    const double odds = share / (1 - share);
    // log θ(r) = log(odds r) − log(1 + odds r); log(1 − θ(r)) = −log(1 + odds r)
    for (std::size_t k = 0; k < ratios_.size(); ++k) {
        double change = std::log1p(odds * boundary_) - std::log1p(odds * ratios_[k]);
        if (on_candidate) change += std::log(ratios_[k] / boundary_);
        log_likelihood_ratios_[k] += change;
    }
    highest_ = std::max(highest_, log_evidence());
}

double EventTest::log_evidence() const {
    const double largest = *std::max_element(log_likelihood_ratios_.begin(), log_likelihood_ratios_.end());
    double sum = 0;
    for (const double value : log_likelihood_ratios_) sum += std::exp(value - largest);
    return largest + std::log(sum / grid_points);
}

double EventTest::p_value() const {
    return std::exp(-std::max(0.0, highest_));
}

bool EventTest::reached(double alpha) const {
    return highest_ >= -std::log(alpha);
}

}  // namespace scale::rollout
