// Running texts through a model while a collector sums the moments of the inputs it wants.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/token_set.h"
#include "quantize/refine/input_moments.h"

namespace scale::quantize {

// The name under which the engine reports the input of this tensor; a tied embedding is read by the head.
std::string input_name(const model::GgufFile& file, const std::string& tensor);

// Even sequences make half 0 of the moments, odd ones half 1. Sequences longer than the model was trained for are cut
// there. `progress` gets the share done. Runs the engine.
void gather_inputs(const std::filesystem::path& model_path, const std::vector<model::TokenSequence>& texts,
                   InputMomentsCollector& collector, int threads, const std::function<void(double)>& progress);

}  // namespace scale::quantize
