// Whether the weights of a trained model lie on a grid, exactly, and as which stored numbers.
//
// Every binary16 is a whole multiple of 2⁻²⁴, so the values of a superblock are whole numbers in that unit (2⁻²⁷ for
// the codebook types) and the scales are found by divisibility: the steps S_k are divisors of what the weights have in
// common, d a divisor of the steps, dmin one of the minima. No tolerance is involved. Where a value needs more than the
// 24 bits of a float, which takes minima far below the scales, divisibility is lost and the scale search (fit.h)
// proposes instead. Either way the answer is decoded and compared weight by weight before it counts.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "quantize/grid/grid.h"

namespace scale::quantize {

struct GridPoint {
    Scales scales;
    std::vector<std::uint8_t> codes;  // one a weight
};

// `values`: grid.superblock weights. Nothing where no scales and codes decode to exactly these values.
std::optional<GridPoint> exactly_on_grid(const Grid& grid, std::span<const float> values);

}  // namespace scale::quantize
