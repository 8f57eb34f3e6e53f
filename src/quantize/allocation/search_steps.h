// What the steps of a search share. For search*.cpp.
#pragma once

#include <cmath>

namespace scale::quantize {

// Where each step ends, as a share of the whole search, for the progress display.
inline constexpr double gradients_end = 0.15;
inline constexpr double inputs_end = 0.25;  // where one gathering serves all tensors
inline constexpr double errors_end = 0.35;
inline constexpr double probes_end = 0.7;

// A figure that JSON can hold: one that is not finite becomes one that no plan would choose.
inline double finite(double value) {
    return std::isfinite(value) ? value : 1e270;
}

}  // namespace scale::quantize
