// Refining a stock-quantised GGUF in place: tensor by tensor, the better of ours and stock.
//
// The file is a valid GGUF at every moment; only the bytes of tensors change, never a type or a size. Layers are taken in
// groups whose moments fit the memory limit; each group's inputs are gathered from the file as it stands, so they come
// from the already quantised prefix. A journal beside the file names the tensors that are done, so that an interrupted run
// goes on where it was and ends with the same bytes.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/token_set.h"
#include "quantize/refine/tensor_refiner.h"

namespace scale::quantize {

struct RefineRequest {
    std::filesystem::path original;
    std::filesystem::path target;   // stock-quantised from `original`; changed in place
    std::filesystem::path journal;  // made where it is missing
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;  // for the moments of one group
    RefinerOptions options;
};

struct RefineLine {
    std::string tensor;
    std::string type;
    bool refined = false;
    double stock_loss = 0;
    double refined_loss = 0;
    Regularisation chosen;
};

using RefineProgress = std::function<void(double done, double total, const std::string& note)>;

// Lines of all tensors that have a grid and moments, in file order; the others keep their stock bytes.
std::vector<RefineLine> refine_file(const RefineRequest& request, const std::vector<model::TokenSequence>& calibration,
                                    const RefineProgress& progress);

}  // namespace scale::quantize
