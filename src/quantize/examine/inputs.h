// What is unusual about the inputs that the calibration set gave the layers.
#pragma once

#include <string>
#include <vector>

#include "engine/activations.h"

namespace scale::quantize {

// Throws an input error naming the layer and the sample where sums are no longer finite: whatever follows, on any text
// like it, is not a number either.
void require_finite(const engine::Statistics& statistics, const std::string& sample);

// Sentences for people: silent input channels, experts without a token, fewer tokens than channels.
std::vector<std::string> notes_on(const engine::Statistics& statistics);

}  // namespace scale::quantize
