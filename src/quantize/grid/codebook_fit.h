// fit.h's search for the codebook types (codebook.h): a scale a sub-block by tries and refits on the codes found, then
// d and the odd s_k together on the quadratics that these codes give, then single steps with the codes chosen anew.
#pragma once

#include "quantize/grid/codebook.h"

namespace scale::quantize {

// `weights` and `importance` hold grid.superblock numbers; importances are positive somewhere.
Scales fit_codebook_scales(const Grid& grid, const float* weights, const float* importance);

}  // namespace scale::quantize
