#include "rollout/evidence/share_check.h"

#include <cmath>

namespace scale::rollout {

namespace {

constexpr double prior_weight = 1000;
const double alarm = std::log(1000.0);

}  // namespace

void ShareCheck::add(bool on_candidate, double share) {
    if (!(share > 0 && share < 1)) return;
    ++(on_candidate ? total_candidate_ : total_original_);
    if (share != share_) {
        share_ = share;
        candidate_ = original_ = 0;
    }
    const double intended = on_candidate ? share : 1 - share;
    std::uint64_t& seen = on_candidate ? candidate_ : original_;
    const double before = static_cast<double>(candidate_ + original_);
    log_evidence_ +=
        std::log((prior_weight * intended + static_cast<double>(seen)) / (prior_weight + before)) - std::log(intended);
    ++seen;
    if (log_evidence_ >= alarm) mismatch_ = true;
}

}  // namespace scale::rollout
