// Units by number: the first 64 bits of a unit's digest tell units apart. Among 10 million, two agree with probability
// 3·10⁻⁶.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "rollout/log/records.h"

namespace scale::rollout {

std::uint64_t unit_number(const std::string& digest);

using UnitSet = std::unordered_set<std::uint64_t>;

// What the tests need to know of a request: whose it was, and how its arm was drawn.
struct Assigned {
    std::uint64_t unit = 0;
    Arm arm = Arm::original;
    std::uint32_t propensity = 0;  // parts per million
};
Assigned assigned(const Admit& admit);

}  // namespace scale::rollout
