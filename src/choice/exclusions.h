// The rules that take a candidate out (see rules.h), one function each: a sentence for people where the rule applies.
#pragma once

#include <optional>
#include <string>

#include "choice/rules.h"

namespace scale::choice {

using Exclusion = std::optional<std::string>;

Exclusion wrong_target(const Situation& situation, const record::Candidate& candidate);
Exclusion is_reference(const Situation& situation, const record::Candidate& candidate);
Exclusion locked_below_4_bits(const Situation& situation, const record::Candidate& candidate);
Exclusion does_not_fit(const Situation& situation, const record::Candidate& candidate);
Exclusion not_tried(const record::Candidate& candidate);
Exclusion slower_than_original(const Situation& situation, const record::Candidate& candidate);

// What unlocking the types below 4 bits still takes, as one phrase; "" where they are unlocked.
std::string missing_for_sub_4_bit(const Situation& situation);

// Needed and found figure of the constraint's target, such as "serves 41.0 requests/min (measured) where 60.0 are
// needed". For a throughput or cost constraint only.
std::string describe_target(const Situation& situation, const record::Candidate& candidate);

// "1.42 times the original's speed (measured, 1.38–1.47 over 3 rounds)"
std::string speed_phrase(const record::Candidate& candidate);

}  // namespace scale::choice
