// The looks that a gate takes at the data, planned from the budget before anything is measured.
#pragma once

#include <vector>

#include "record/payload.h"

namespace scale::quality {

inline constexpr int fewest_items = 30;  // of a compressed suite

// Look k of K has items + (cap − items)·(k − 1)/(K − 1) items a suite and held-out tokens in the same proportion, so
// the share of the last look's data is the same for every comparison; the level of each look follows from the budget's
// spending rule (statistics/spending.h). A compressed gate takes a third of the items.
std::vector<record::GateLook> plan_looks(const record::Budget& budget, bool compressed);

// Items per suite that the last look takes, uncompressed: what has to be generated.
int most_items(const record::Budget& budget);

}  // namespace scale::quality
