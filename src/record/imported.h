// Originals that were converted for a pass: a Hugging Face folder, and the GGUF file among the pass's objects made from
// it. Kept in .scale/imported.json so that a folder is converted once; the proof is the constraint's entry of the
// record, which holds both digests.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/json.h"

namespace scale::record {

struct ImportedModel {
    std::string path;           // the folder, as scale.toml names it
    std::string source_sha256;  // over names and digests of the folder's files (model/huggingface/folder.h)
    std::string stamp;          // over their names, sizes and times of change: a hint that spares hashing them
    std::string gguf_sha256;    // the object
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ImportedModel, path, source_sha256, stamp, gguf_sha256)

// What is known of this path; none where it was never imported. Throws an input error where the file is damaged.
std::optional<ImportedModel> find_imported(const std::filesystem::path& pass_folder, const std::string& path);

// Replaces what is known of the model's path.
void remember_imported(const std::filesystem::path& pass_folder, const ImportedModel& model);

}  // namespace scale::record
