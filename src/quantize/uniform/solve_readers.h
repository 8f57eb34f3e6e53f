// The weight matrices that read one input, rounded onto a uniform grid.
//
// All of them are rounded in one order of columns (column_order.h), as fused layers (query, key and value; gate and up)
// require. The regularisation of the moments is chosen on held-out halves (refine/held_out.h), matrix by matrix; where
// rounding to nearest with the weighted scale search is better there, it is taken.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quantize/refine/held_out.h"
#include "quantize/uniform/uniform_rounding.h"

namespace scale::quantize {

struct UniformReader {
    std::string name;
    int rows = 0;
    std::vector<float> weights;  // rows × columns, row-major
};

struct SolveOptions {
    std::vector<Regularisation> regularisations = default_regularisations();
    int probe_rows = 32;
    int threads = 1;  // the integers do not depend on it
    RoundingOptions rounding;
};

struct SolvedReader {
    UniformMatrix matrix;  // columns as stored
    bool feedback = false;
    double nearest_loss = 0;   // held-out, on the probe rows, relative to tr(W H Wᵀ)
    double feedback_loss = 0;  // likewise
    double ridge = 0;          // that the factorisation took, with feedback
};

// result[i] belongs to readers[i]. Moments that are not finite leave rounding to nearest with uniform importance.
std::vector<SolvedReader> solve_readers(const UniformGrid& grid, std::span<const UniformReader> readers,
                                        const HalvedMoments& moments, const SolveOptions& options);

}  // namespace scale::quantize
