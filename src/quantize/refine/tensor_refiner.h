// One weight matrix: our rounding against the stock one, decided on statistics that neither saw.
//
// A few evenly spaced rows are rounded with every regularisation on one half of the input moments and scored by
// tr(E H Eᵀ) on the other half, both ways round; the stock bytes are scored the same way. Only where ours wins on those
// held-out scores is the whole matrix rounded again, on the moments of both halves; so a tensor is never worse than stock
// by the measure at hand.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quantize/rounding/feedback.h"

namespace scale::quantize {

struct Regularisation {
    double shrinkage = 0;  // of the off-diagonal elements
    double ridge = 0.01;   // in units of the mean diagonal
};

struct RefinerOptions {
    std::vector<Regularisation> regularisations = {{0, 0.01}, {0, 0.05}, {0.1, 0.02}, {0.3, 0.05}};
    int probe_rows = 64;
    int threads = 1;
    RoundingOptions rounding;
};

struct HalvedMoments {
    Moments first, second, whole;
};

struct RefinedTensor {
    bool refined = false;           // false: the stock bytes stay
    Regularisation chosen;
    double stock_loss = 0;          // held-out, on the probe rows, relative to tr(W H Wᵀ)
    double refined_loss = 0;
    std::vector<std::byte> packed;  // where refined
};

// weights: the original, rows × K row-major; stock: the same matrix as the stock file decodes it.
RefinedTensor refine_tensor(const Grid& grid, std::span<const float> weights, std::span<const float> stock, int rows,
                            const HalvedMoments& moments, const RefinerOptions& options);

}  // namespace scale::quantize
