#include "quantize/import/on_grid.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "quantize/grid/codebook.h"
#include "quantize/grid/fit.h"
#include "quantize/grid/half.h"
#include "quantize/import/divisors.h"

namespace scale::quantize {

namespace {

// Nothing where a value is no whole multiple of 2^-bits.
std::optional<std::vector<std::int64_t>> in_units(std::span<const float> values, int bits) {
    std::vector<std::int64_t> units;
    for (const float value : values) {
        const double scaled = std::ldexp(static_cast<double>(value), bits);
        if (!(std::fabs(scaled) < 0x1p60) || scaled != std::floor(scaled)) return std::nullopt;
        units.push_back(static_cast<std::int64_t>(scaled));
    }
    return units;
}

// The codes under these scales, where they decode to exactly the values.
std::optional<GridPoint> checked(const Grid& grid, const Scales& scales, std::span<const float> values) {
    GridPoint point{scales, std::vector<std::uint8_t>(values.size())};
    const Steps steps = steps_of(grid, scales);
    for (std::size_t j = 0; j < values.size(); ++j) {
        const int k = static_cast<int>(j) / grid.sub;
        const int code = nearest_code(grid, steps, k, values[j]);
        if (value_of(grid, steps, k, code) != values[j]) return std::nullopt;
        point.codes[j] = static_cast<std::uint8_t>(code);
    }
    if (!grid.has_codebook()) return point;
    if (scales.d == 0) std::fill(point.codes.begin(), point.codes.end(), std::uint8_t{0});  // zero whatever the code
    std::vector<std::byte> bytes(grid.bytes);
    try {
        pack(grid, scales, point.codes, bytes.data());  // refuses what no entry has
    } catch (const core::Error&) {
        return std::nullopt;
    }
    return point;
}

}  // namespace

std::optional<GridPoint> exactly_on_grid(const Grid& grid, std::span<const float> values) {
    if (!std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); }))
        return std::nullopt;
    std::optional<Scales> scales;
    if (const auto units = in_units(values, grid.has_minimum() ? 24 : 27))
        scales = grid.has_minimum() ? scales_with_minimum(grid, *units) : scales_without_minimum(grid, *units);
    if (scales)
        if (auto point = checked(grid, *scales, values)) return point;
    const std::vector<float> uniform(values.size(), 1.0f);
    return checked(grid, fit_scales(grid, values, uniform), values);
}

}  // namespace scale::quantize
