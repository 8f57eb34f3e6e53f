// Which way a suite is scored: by what the original shows itself capable of.
#pragma once

#include <string>
#include <vector>

#include "engine/model.h"
#include "quality/suite/item.h"

namespace scale::quality {

// How the items of one suite are scored, and why. Kept with the items.
struct SuiteScoring {
    std::string mode;  // "likelihood" or "generation"
    std::string why;   // "declared", or the pilot in figures
    int pilot_items = 0;
    int pilot_right = 0;
    double pilot_lower = 0;  // limit of the original's share of right answers, one-sided
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SuiteScoring, mode, why, pilot_items, pilot_right, pilot_lower)

// Lets the original answer the pilot's items, which are none of those that will be scored. Generation where the lower
// limit (Wilson, 1 − alpha) of its share of right answers is at least chance + 2 × margin: the headroom rule of the
// gate, so that the suite can count. Only the original is asked; no result of a candidate enters.
SuiteScoring pilot_scoring(const engine::Model& original, int threads, const std::vector<Item>& items, double margin,
                           double alpha);

}  // namespace scale::quality
