// Applying scales of channels: the inputs are divided, the columns of what reads them multiplied.
#pragma once

#include <span>
#include <vector>

#include "quantize/refine/held_out.h"

namespace scale::quantize {

std::vector<float> inverse(std::span<const float> scales);

// Columns of W · diag(s), in place.
void scale_columns(std::vector<float>& weights, std::span<const float> scales);

// Moments of x / s.
Moments scaled_inputs(const Moments& moments, std::span<const float> scales);
HalvedMoments scaled_inputs(const HalvedMoments& moments, std::span<const float> scales);

// The mean square of each channel of x / s.
std::vector<float> scaled_diagonal(const Moments& moments, std::span<const float> scales);

}  // namespace scale::quantize
