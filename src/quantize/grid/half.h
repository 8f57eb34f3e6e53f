// The grids' super-block scales are binary16.
#pragma once

#include "model/half.h"

namespace scale::quantize {

using model::from_half;
using model::through_half;
using model::to_finite_half;
using model::to_half;

}  // namespace scale::quantize
