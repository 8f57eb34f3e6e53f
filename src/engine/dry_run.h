// The engine's quantiser as a function that throws, and what it says about every tensor. For src/engine only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <llama.h>

namespace scale::engine {

struct TensorLine {
    std::string name;  // after layers were dropped
    std::string type;  // as the engine spells it: "q4_K"
    bool fallback = false;
};

// Throws an input error with the engine's reason, an io error where that reason is a failed write.
std::vector<TensorLine> run_quantizer(const std::filesystem::path& original, const std::filesystem::path& target,
                                      const llama_model_quantize_params& parameters);

// From the engine's log, at the pinned version.
std::vector<TensorLine> parse_quantizer_log(const std::string& log);

}  // namespace scale::engine
