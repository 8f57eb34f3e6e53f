#include "rollout/evidence/recent_times.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace scale::rollout {

namespace {

double quantile_of(std::vector<float> values, double quantile) {
    if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
    const auto rank = static_cast<std::ptrdiff_t>(quantile * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return static_cast<double>(values[static_cast<std::size_t>(rank)]);
}

core::Json json_of(const std::vector<float>& values) {
    if (values.empty()) return nullptr;
    return {{"count", values.size()}, {"p50", quantile_of(values, 0.5)}, {"p95", quantile_of(values, 0.95)}};
}

}  // namespace

void RecentTimes::push(Ring& ring, double value) const {
    if (ring.values.size() < kept_) {
        ring.values.push_back(static_cast<float>(value));
        return;
    }
    ring.values[ring.next] = static_cast<float>(value);
    ring.next = (ring.next + 1) % kept_;
}

void RecentTimes::add(const Admit& admit, const Finish& finish) {
    if (finish.outcome != Outcome::ok || finish.served_by != admit.arm) return;
    const auto at = static_cast<std::size_t>(admit.arm);
    if (admit.stream && finish.ttft_ms > 0) push(first_token_[at], finish.ttft_ms);
    if (finish.completion_tokens > 0 && finish.duration_ms > 0)
        push(per_token_[at], finish.duration_ms / static_cast<double>(finish.completion_tokens));
}

double RecentTimes::first_token(Arm arm, double quantile) const {
    return quantile_of(first_token_[static_cast<std::size_t>(arm)].values, quantile);
}

double RecentTimes::per_token(Arm arm, double quantile) const {
    return quantile_of(per_token_[static_cast<std::size_t>(arm)].values, quantile);
}

core::Json RecentTimes::to_json(Arm arm) const {
    const auto at = static_cast<std::size_t>(arm);
    return {{"first_token_ms", json_of(first_token_[at].values)}, {"per_token_ms", json_of(per_token_[at].values)}};
}

}  // namespace scale::rollout
