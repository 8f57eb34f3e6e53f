// Does the model speak? One greedy answer to a fixed question.
#pragma once

#include <filesystem>
#include <string>

namespace scale::quantize {

inline constexpr const char* generation_prompt = "Name three colours of the rainbow.";
inline constexpr int generation_tokens = 24;

struct Generation {
    std::string text;
    bool finite = true;  // the logits after the prompt
};

// By the model's chat template where it has one, else as a plain text to continue. Runs the engine.
Generation generate_once(const std::filesystem::path& model, int threads);

// Throws an error where the artefact's logits are not finite, or where it says nothing though the original speaks.
void check_generation(const Generation& original, const Generation& artefact);

}  // namespace scale::quantize
