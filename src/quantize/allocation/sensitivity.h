// How much of the whole model's KL divergence one unit of a tensor's rounding error costs.
//
// Model: KL ≈ Σ_t f_t · e_t, with e_t the tensor's error (matrix_rounding.h) and f_t ≥ 0 its factor. That errors add up
// is the linearity found for mean squared errors by HIGGS (Malinovskii et al. 2024, arXiv 2411.17525), which holds
// above about 3 bits. Factors are fitted to measured KLs of groups of tensors that were rounded together while all
// others kept their original weights: single tensors where the model is small enough; else every role (all attn_v) and
// every band of neighbouring layers, so that f_t = role · band.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace scale::quantize {

struct ProbeGroup {
    std::string name;                  // for people and the journal
    bool is_band = false;              // of layers; otherwise of a role, or a single tensor
    std::vector<std::size_t> tensors;  // indices
};

// "attn_v" for "blk.7.attn_v.weight"; the name itself for tensors outside the layers.
std::string role_of(const std::string& tensor);
// 7 for "blk.7.attn_v.weight"; -1 outside the layers.
int layer_of(const std::string& tensor);

// At most `most` groups, but at least one a role. `bands`: whether layers are to be told apart too where there is no
// probe for every tensor.
std::vector<ProbeGroup> probe_groups(const std::vector<std::string>& tensors, std::size_t most, bool bands);

// f_t for every tensor. `errors`: e_t of the rounding that was probed. `measured`: the KL of each group. Alternating
// proportional fit, starting at 1; band KLs are scaled to the sum of the role KLs first, since the two sums differ
// where errors do not quite add up. A group without error or with a KL that is not above zero leaves its factors alone.
std::vector<double> fit_factors(const std::vector<double>& errors, const std::vector<ProbeGroup>& groups,
                                const std::vector<double>& measured);

}  // namespace scale::quantize
