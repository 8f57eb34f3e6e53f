// The original as the engine runs it: a GGUF file as it is, a Hugging Face folder converted into the pass's objects.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace scale::constraint {

struct Original {
    std::filesystem::path file;      // GGUF
    std::string source_sha256;       // of the folder that it was converted from; "" for a GGUF file
    std::vector<std::string> notes;  // of a conversion made just now: what the engine does differently
};

// `path` is as in scale.toml, relative to the pass folder. A folder is converted once for its content: equal names,
// sizes and times of change, or else an equal digest, find the object again. Throws an input error for a folder that
// cannot be converted (model/huggingface/model_folder.h), before anything long.
Original import_original(const std::filesystem::path& pass_folder, const std::string& path);

}  // namespace scale::constraint
