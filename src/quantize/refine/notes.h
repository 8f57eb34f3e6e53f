// What a refinement has to say about its tensors.
#pragma once

#include <string>
#include <vector>

#include "quantize/refine/journal.h"

namespace scale::quantize {

// Sentences for people: tensors that kept stock rounding and why, and moments gathered from too few tokens.
std::vector<std::string> notes_on(const std::vector<RefineLine>& lines);

}  // namespace scale::quantize
