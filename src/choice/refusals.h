// What a person is told where the rules (rules.h) leave nothing to choose.
#pragma once

#include <vector>

#include "choice/rules.h"

namespace scale::choice {

// The pinned type was taken out by the rule it carries.
Refusal refuse_pinned(const record::Candidate& pinned);

// Every candidate was taken out.
Refusal refuse_nothing_left(const Situation& situation, const std::vector<record::Candidate>& candidates);

// Some are left, but none meets the target, and no reason accepts that.
Refusal refuse_off_target(const Situation& situation, const record::Candidate& fastest);

}  // namespace scale::choice
