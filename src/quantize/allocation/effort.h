// How much of the calibration set a search for types reads, in tokens.
#pragma once

#include <cstdint>

namespace scale::quantize {

inline constexpr std::uint64_t search_input_tokens = 8192;     // behind the errors of every type
inline constexpr std::uint64_t search_gradient_tokens = 4096;  // each about three times the arithmetic of a pass
// Probes may cost as much arithmetic as a pass over so many, exchanges again as much; small models get more.
inline constexpr double search_probe_tokens = 24576;

}  // namespace scale::quantize
