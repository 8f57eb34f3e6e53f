// A model in a Hugging Face folder, read and checked as a whole: nothing here reads the weights themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "model/huggingface/architecture.h"
#include "model/huggingface/tensor_map.h"
#include "model/huggingface/tokenizer/vocabulary.h"
#include "model/safetensors/safetensors.h"

namespace scale::model {

// Has the folder a config.json? What is in it is not looked at.
bool is_model_folder(const std::filesystem::path& folder);

struct ModelFolder {
    Architecture architecture;  // with `tied_head` decided
    SafetensorsFolder weights;
    std::vector<MappedTensor> tensors;
    Vocabulary vocabulary;

    std::uint64_t parameters() const;
};

// Reads config.json, the headers of the weights and the tokenizer, and compares them with each other. Throws an input
// error naming what is wrong: an unknown architecture, a tensor that is missing, has another shape than config.json
// makes it, is not of F32, F16 or BF16, or has no place in the architecture; a head beside a tied embedding that
// differs from it.
ModelFolder read_model_folder(const std::filesystem::path& folder);

// The folder's files that make the model: configuration, tokenizer and weights, by name.
std::vector<std::filesystem::path> model_files(const std::filesystem::path& folder);

// SHA-256 over "digest  name\n" of those files, which is what `sha256sum FILES | sha256sum` prints. Reads them whole;
// `label` is shown with the progress.
std::string folder_digest(const std::filesystem::path& folder, const std::string& label);

// Over their names, sizes and times of change.
std::string folder_stamp(const std::filesystem::path& folder);

}  // namespace scale::model
