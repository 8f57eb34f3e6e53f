// The search for the types of one artefact under a budget of file bytes.
//
//  1. The error of our rounding for every tensor and every type that its rows can hold (matrix_rounding.h), on input
//     moments of part of the calibration set.
//     Each output's error counts by its gradient (network/output_gradient_moments.h) where the model is of a kind that
//     this program can differentiate.
//  2. What a unit of each tensor's error costs the whole model, from measured KLs of groups of tensors (sensitivity.h).
//  3. The exact optimum of the sum of error · factor under the budget (knapsack.h).
//  4. Plan and mix measured on the whole model, on samples that served none of the above: the mix's own types stay
//  where
//     they are better. Then exchanges (swaps.h), measured likewise and accepted where the paired KL is lower by more
//     than two standard errors.
//
// The number of probes and exchanges is limited by arithmetic, not by the clock, so that equal requests give equal
// plans. Figures are kept in a journal, so that an interrupted search goes on where it was. Runs the engine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "model/token_set.h"
#include "quantize/allocation/plan.h"

namespace scale::quantize {

struct AllocationRequest {
    std::filesystem::path original;
    std::string model_sha256;
    std::string mix;                      // whose types the tensors have that are not searched
    std::uint64_t budget_bytes = 0;       // 0: what the mix takes
    std::set<std::string> allowed_types;  // empty: every type that has a grid
    std::filesystem::path work_folder;    // for up to two 16-bit copies of the model
    std::filesystem::path journal;
    std::string fingerprint;  // of whatever else the figures depend on: model, calibration set, engine
    std::uint64_t memory_bytes = std::uint64_t{4}
                                 << 30;  // for moments; where not all fit at once, no exchanges are tried
    int threads = 1;
    // Parts that can be left out, to see what each gives.
    bool gradients = true;               // output gradients, for the models that network/ can run
    std::size_t most_probes = SIZE_MAX;  // whole-model probes; at least one a role
    bool swaps = true;
};

struct AllocationOutcome {
    AllocationPlan plan;
    double additive_kl = 0;        // the plan's, by the additive model
    double additive_kl_stock = 0;  // the mix's own types, likewise
    double stock_kl = 0;  // of the mix's own types with our rounding, as plan.kl was found, or in its proportion
    std::uint64_t mix_bytes = 0;  // file bytes of the mix
    std::size_t resumed_at = 0;   // figures that the journal had at the start
    std::size_t probes = 0;
    std::size_t swaps_tried = 0;
    std::size_t swaps_accepted = 0;
};

using AllocationProgress = std::function<void(double done, double total, const std::string& note)>;

// Throws an input error that states the least possible bytes where the budget is below them.
AllocationOutcome allocate_types(const AllocationRequest& request, const std::vector<model::TokenSequence>& calibration,
                                 const AllocationProgress& progress);

}  // namespace scale::quantize
