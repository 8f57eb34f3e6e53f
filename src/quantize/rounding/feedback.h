// Rounding the rows of one weight matrix onto a ggml grid with error feedback inside the superblocks.
//
// Superblocks are taken from left to right. For each row the scales are searched on the weights as they stand after the
// compensation so far, weighted by the feedback importances (hessian.h), frozen, and the columns rounded one by one,
// each error compensated on the columns to its right. Then sweeps over all columns re-choose every code with the others
// fixed (coordinate descent on tr(E H Eᵀ)), and d and dmin are re-solved on the fixed codes; both can only lower the
// loss. Codebook types take eight columns at a time: their codes are chosen together by the quadratic form that the
// eight have (block LDLᵀ, as QuIP#, Tseng et al. 2024, arXiv 2402.04396, §4.2). Rows are independent, so that any split
// over threads gives the same bytes.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "quantize/grid/grid.h"
#include "quantize/rounding/hessian.h"

namespace scale::quantize {

struct RoundingOptions {
    int sweeps = 2;     // of coordinate descent after the feedback pass
    bool refit = true;  // re-solve super-scales between sweeps
};

struct RoundedRows {
    std::vector<std::byte> packed;  // rows × (K / superblock) × grid.bytes
    std::vector<float> decoded;     // rows × K
};

// `weights`: rows × K row-major; K a multiple of grid.superblock. `moments` is the regularised H that `factors` came
// from.
RoundedRows round_with_feedback(const Grid& grid, std::span<const float> weights, int rows, const Moments& moments,
                                const FeedbackFactors& factors, const RoundingOptions& options = {});

// Without feedback: the scale search weighted by the diagonal alone. The baseline, and what layers without moments get.
RoundedRows round_nearest(const Grid& grid, std::span<const float> weights, int rows,
                          std::span<const float> importance);

}  // namespace scale::quantize
