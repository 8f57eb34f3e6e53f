// Rounding the rows of one weight matrix onto a uniform grid with error feedback.
//
// Columns are taken from left to right in the order given. At the first column of a group its scale is fitted to the
// weights as they stand after the compensation so far, weighted by the feedback importances (rounding/hessian.h), and
// frozen in its stored type; then the columns are rounded one by one, each error compensated on the columns to its
// right (GPTQ, Frantar et al. 2022, arXiv 2210.17323). After that, sweeps re-solve the scales on fixed codes and
// re-choose every code with the others fixed; both can only lower tr(E H Eᵀ). Rows are independent, so that any split
// over threads gives the same integers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantize/rounding/feedback.h"
#include "quantize/uniform/uniform_grid.h"

namespace scale::quantize {

// rows × columns codes and rows × groups scales, row-major.
struct UniformMatrix {
    int rows = 0;
    int columns = 0;
    int width = 0;  // columns of a group
    std::vector<std::uint8_t> codes;
    std::vector<GroupScale> scales;

    int groups() const { return columns / width; }
    const GroupScale& scale_of(int row, int group) const {
        return scales[static_cast<std::size_t>(row) * static_cast<std::size_t>(groups()) +
                      static_cast<std::size_t>(group)];
    }
    std::vector<float> decoded() const;
};

// `weights`: rows × K row-major, finite; K a multiple of 16 and of the group. `moments` is the regularised H that
// `factors` came from. Throws an input error for a shape that does not fit the grid.
UniformMatrix round_uniform(const UniformGrid& grid, std::span<const float> weights, int rows, const Moments& moments,
                            const FeedbackFactors& factors, const RoundingOptions& options = {});

// Without feedback: the scale search weighted by the importances alone (rounding to nearest).
UniformMatrix round_uniform_nearest(const UniformGrid& grid, std::span<const float> weights, int rows,
                                    std::span<const float> importance);

}  // namespace scale::quantize
