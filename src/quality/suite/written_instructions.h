// Instructions for answers in the model's own words: topics × IFEval's 25 checkers, one to four at once that do not
// conflict. Seeded; no model has seen them.
#pragma once

#include <string>

#include "core/random.h"
#include "quality/suite/item.h"

namespace scale::quality {

// Item `number`: its first instruction is the number's, modulo 25, so that all checkers get the same share.
Item written_instruction(int number, const SuiteRequest& request);

}  // namespace scale::quality
