// Refining a stock-quantised GGUF in place: tensor by tensor, the better of ours and stock.
//
// Only the bytes of tensors change, never a type or a size. Layers are taken in groups whose moments fit the memory
// limit; each group's inputs are gathered from the file as the groups before it left it, so they come from an already
// quantised prefix. A group's bytes wait in the journal (journal.h) until the group is whole. An interrupted run is
// repeated on the stock file: it takes what the journal has, does the rest, and ends with the same bytes.
//
// The experts of a mixture are refined one by one, each on its own moments (input_moments.h).
//
// Types of 8 or more bits a weight keep their stock bytes: their error is small beside every other's, and they are
// often the largest tensors.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/token_set.h"
#include "quantize/refine/journal.h"
#include "quantize/refine/tensor_refiner.h"

namespace scale::quantize {

struct RefineRequest {
    std::filesystem::path original;
    std::filesystem::path target;                         // stock-quantised from `original`; changed in place
    std::filesystem::path journal;                        // made where it is missing
    std::string fingerprint;                              // of whatever else the bytes depend on
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;  // for the moments of one group
    RefinerOptions options;
};

// (done, total, note), in weights.
using RefineProgress = std::function<void(double done, double total, const std::string& note)>;

// Lines of all tensors that have a grid and moments, in file order; the others keep their stock bytes. Sequences longer
// than the model was trained for are cut there; odd and even ones make the two halves of the moments.
std::vector<RefineLine> refine_file(const RefineRequest& request, const std::vector<model::TokenSequence>& calibration,
                                    const RefineProgress& progress);

}  // namespace scale::quantize
