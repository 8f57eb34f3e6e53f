// The searches behind on_grid.h, on whole numbers. For on_grid.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "quantize/grid/grid.h"

namespace scale::quantize {

// A binary16 in units of 2⁻²⁴.
bool is_half(std::int64_t units);
std::uint16_t half_of(std::int64_t units);

// Grids without minima. `values` in units of 2⁻²⁷, eight times that of d: level · 8 is whole for every type.
std::optional<Scales> scales_without_minimum(const Grid& grid, std::span<const std::int64_t> values);

// Grids with minima. `values` in units of 2⁻²⁴.
std::optional<Scales> scales_with_minimum(const Grid& grid, std::span<const std::int64_t> values);

}  // namespace scale::quantize
