// Packing a trained model onto the types of a file that llama.cpp's quantiser laid out, without loss or not at all.
//
// A trained file has 16- or 32-bit weights that training kept on the grid (quantisation-aware training on the exact
// ggml grid), or tensors that are packed already. Each is taken over so that the engine decodes the artefact to exactly
// the trained weights; the comparison of every weight is the proof. Rounding a second time instead has cost real
// releases most of what training gained (a Gemma QAT checkpoint: 70 instead of 86 % agreement).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/json.h"

namespace scale::quantize {

struct ImportedTensor {
    std::string tensor;
    std::string type;          // in the artefact
    std::string trained_type;  // in the trained file
    std::uint64_t weights = 0;
    std::string how;  // "packed" onto the grid, "copied" bytes, or "converted" without loss
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ImportedTensor, tensor, type, trained_type, weights, how)

// (weights done, total, tensor name)
using ImportProgress = std::function<void(double, double, const std::string&)>;

// Replaces every tensor of `target` by the trained one and compares all decoded weights. Throws an input error that
// names the first tensor, row and weights that do not lie on the grid, or a tensor that is missing, left over or of
// another shape; `target` is then of no use.
std::vector<ImportedTensor> import_file(const std::filesystem::path& trained, const std::filesystem::path& target,
                                        int threads, const ImportProgress& progress);

}  // namespace scale::quantize
