#include "rollout/evidence/hard_limit.h"

#include <cmath>

namespace scale::rollout {

namespace {

constexpr double tolerable_rate = 0.01;
constexpr double broken_rate = 0.20;
constexpr double single_unit_factor = 3;

}  // namespace

double HardLimit::limit() {
    return std::log(100'000.0);
}

void HardLimit::add(bool failed, const std::string& unit) {
    ++requests_;
    if (!failed) {
        level_ = std::fmax(0.0, level_ + std::log((1 - broken_rate) / (1 - tolerable_rate)));
        if (level_ == 0) {
            failing_unit_.clear();
            several_units_ = false;
        }
        return;
    }
    ++failures_;
    level_ += std::log(broken_rate / tolerable_rate);
    if (failing_unit_.empty()) failing_unit_ = unit;
    if (failing_unit_ != unit) several_units_ = true;
    if (level_ >= limit() * (several_units_ ? 1 : single_unit_factor)) tripped_ = true;
}

}  // namespace scale::rollout
