// Where a model's graph allows channels to be scaled without changing what it computes.
//
//   norm    A norm's gain is divided by s; the layers that read the norm's output take W · diag(s).
//   rows    Rows of ffn_up are divided by s, ffn_down takes it: a gated unit is linear in `up`.
//   heads   Rows of attn_v (and its bias) are divided, attn_output takes it: attention is linear in the values. Where
//           several query heads share a value head, so do their channels of s; tools that skip this pair for grouped
//           queries skip it without need.
#pragma once

#include <string>
#include <vector>

#include "model/gguf.h"

namespace scale::quantize {

struct FoldPair {
    enum class Source { norm, rows, heads };
    Source source;
    std::string divided;               // tensor
    std::string bias;                  // of the divided matrix, "" for none
    std::vector<std::string> readers;  // tensors, in file order
    std::vector<int> source_row;       // heads: which row of `divided` each channel comes from; empty: channel j, row j
};

// Of one layer, those whose tensors are all there. None for an architecture whose graph was not looked at, and for
// fused projections only those of the norms.
std::vector<FoldPair> fold_pairs(const model::GgufFile& file, int layer);

}  // namespace scale::quantize
