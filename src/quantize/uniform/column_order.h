// The order in which columns are rounded: those whose errors cost most first, but group by group.
//
// Columns are sorted by falling diagonal of H inside each group, and the groups by their largest diagonal. A group is
// still a run of neighbouring columns of the stored matrix, so nothing has to be reordered at run time (group-aware
// ordering, GPTQModel's act_group_aware): g_idx stays k / group.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "quantize/rounding/hessian.h"
#include "quantize/uniform/uniform_rounding.h"

namespace scale::quantize {

// order[i] is the stored column that is rounded i-th; runs of `width` belong to one stored group. Ties keep their
// order.
std::vector<int> group_aware_order(const Moments& moments, int width);

Moments reordered(const Moments& moments, std::span<const int> order);
std::vector<float> reordered_columns(std::span<const float> weights, std::span<const int> order);

// A matrix rounded in that order, put back as stored.
UniformMatrix restored(const UniformMatrix& rounded, std::span<const int> order);

}  // namespace scale::quantize
