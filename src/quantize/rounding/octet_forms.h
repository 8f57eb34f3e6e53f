// What the errors of eight neighbouring columns cost together once all later columns compensate them.
#pragma once

#include <cstddef>
#include <vector>

#include "quantize/grid/codebook.h"
#include "quantize/rounding/hessian.h"

namespace scale::quantize {

// One symmetric 8 × 8 matrix an octet of columns, row-major.
struct OctetForms {
    std::vector<float> values;
    const float* at(int column) const {
        return values.data() + static_cast<std::size_t>(column / octet) * octet * octet;
    }
};

// (U_OOᵀ U_OO)⁻¹ of every octet O: with H⁻¹ = Uᵀ U, the least of e H eᵀ over the later columns of an error e in O
// (hessian.h). Columns are a multiple of eight.
OctetForms conditional_forms(const FeedbackFactors& factors);

}  // namespace scale::quantize
