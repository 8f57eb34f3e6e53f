// What rounding the allocation's tensors needs of their inputs.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/token_set.h"
#include "quantize/allocation/admissible.h"
#include "quantize/allocation/matrix_rounding.h"

namespace scale::quantize {

// By tensor name. Tensors that read one input share its factors.
using TensorRounders = std::map<std::string, MatrixRounder>;

// Consecutive tensors whose moments and factors fit the limit; at least one a group.
std::vector<std::vector<std::size_t>> groups_in_memory(const std::vector<FreeTensor>& tensors,
                                                       std::uint64_t memory_bytes);

// Runs the texts through the model once and factorises what every named tensor's input was on half of them; the other
// half judges. Tensors whose inputs the engine does not hand out (experts, embeddings apart from a tied head) or whose
// moments cannot be factorised get a rounder without moments.
TensorRounders make_rounders(const std::filesystem::path& model_path, const std::vector<std::string>& tensors,
                             const std::vector<model::TokenSequence>& texts, int threads,
                             const std::function<void(double)>& progress);

// The tensor's weights, decoded.
std::vector<float> decoded_tensor(const model::GgufFile& file, const std::string& tensor);

}  // namespace scale::quantize
