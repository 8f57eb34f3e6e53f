// One weight matrix rounded for the allocation's purposes: with the packer's scale search and error feedback, but one
// fixed regularisation and, for errors, on a few rows only. What the refinement does later with more inputs and more
// choices comes out somewhat lower for every type alike.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "quantize/rounding/feedback.h"

namespace scale::quantize {

struct WeightRows {
    std::span<const float> weights;  // rows × columns, row-major
    int rows = 0;
    int columns = 0;
    // What an error in row i costs, per unit of its expected square: E[g_i²] / 2. Empty: unknown.
    std::span<const float> row_costs;
};

class MatrixRounder {
  public:
    // Without moments: inputs are taken as white and rounding goes without feedback.
    MatrixRounder() = default;
    // Rounds for `made_on`, judges errors on `judged_on`. Throws an input error where they cannot be factorised.
    MatrixRounder(const Moments& made_on, Moments judged_on);

    bool has_moments() const { return moments_ != nullptr; }

    // The expected squared error of the outputs, one figure a grid: with row costs their weighted sum over all rows;
    // else the share of the outputs' power. Estimated on evenly spaced rows, the same for every grid, and extrapolated
    // by the rows' power.
    std::vector<double> errors(std::span<const Grid* const> grids, const WeightRows& matrix, int threads) const;

    // The whole matrix as the decoder would give it. The values do not depend on `threads`.
    std::vector<float> rounded(const Grid& grid, const WeightRows& matrix, int threads) const;

  private:
    struct WithMoments {
        Moments judged_on;
        Moments damped;
        FeedbackFactors factors;
    };
    std::vector<float> decoded(const Grid& grid, std::span<const float> rows, int count, int columns) const;
    std::vector<double> row_errors(std::span<const float> errors, int rows, int columns) const;
    double row_power(const float* row, int columns) const;

    std::shared_ptr<const WithMoments> moments_;
};

}  // namespace scale::quantize
