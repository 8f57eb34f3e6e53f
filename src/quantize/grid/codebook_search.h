// Which codes of a codebook type eight neighbouring weights get (codebook.h).
#pragma once

#include <cstdint>

#include "quantize/grid/codebook.h"

namespace scale::quantize {

// Codes of eight weights w under the step S, by the weighted distance Σ h_j (w_j − S·level_j)²: each entry is the best
// for the signs of the weights; where an even number of signs is asked for, the sign that costs least is turned first.
void nearest_octet(const Codebook& book, const float* w, const float* h, float step, std::uint8_t* codes);

// The same for `count` weights of one sub-block, a multiple of eight, with the sums that a refit of S needs.
struct OctetSums {
    double gg = 0;  // Σ h·level²
    double gw = 0;  // Σ h·level·w
};
OctetSums nearest_octets(const Codebook& book, const float* w, const float* h, int count, float step,
                         std::uint8_t* codes);

// Lowers  v A vᵀ − 2 v·b  over the values v = S·level of eight weights, from the given codes: in turn the best of all
// entries with signs and neighbours held, by the whole form, and turned signs where that helps. Never raises it. A is
// 8 × 8, symmetric, row-major. True where a code changed.
bool improve_octet(const Codebook& book, const float* form, const float* b, float step, std::uint8_t* codes);

}  // namespace scale::quantize
