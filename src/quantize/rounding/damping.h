// Factors of input moments that may be singular: the ridge is raised until they exist.
#pragma once

#include "quantize/rounding/hessian.h"

namespace scale::quantize {

struct DampedMoments {
    Moments moments;  // regularised
    FeedbackFactors factors;
    double ridge = 0;  // that it took
};

// Regularises and factorises; where that fails, with ten times the ridge, until it is above 1 and so dominates. Throws
// an input error for moments that are not finite.
DampedMoments damped(const Moments& moments, double shrinkage, double ridge);

}  // namespace scale::quantize
