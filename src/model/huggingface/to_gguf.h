// A Hugging Face folder as a GGUF file, as llama.cpp's converter would write it.
//
// Weights keep their precision (F16, BF16 or F32); norms, biases and routers become F32, which is what the engine takes
// them in. Equal folders give equal bytes.
#pragma once

#include <filesystem>
#include <functional>

#include "model/huggingface/model_folder.h"

namespace scale::model {

// Streams the weights. `progress` (may be empty) is called with the bytes done and the total.
void write_gguf(const ModelFolder& folder, const std::filesystem::path& file,
                const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace scale::model
