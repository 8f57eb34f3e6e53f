// The files of a checkpoint beside its weights: configuration, tokenizer, model card.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "quantize/export/source_model.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

// What the card says of where the checkpoint comes from.
struct Provenance {
    std::string tool;             // "scale 0.1.0"
    std::string source_sha256;    // source_digest()
    std::string original_sha256;  // of the GGUF that the engine ran
    std::string set_sha256;       // the calibration set
    std::uint64_t samples = 0;
    std::uint64_t tokens = 0;
    std::string method;
};

// The model cards: of a checkpoint that a gate judges, and of one for a kernel trial.
std::string checkpoint_card(const std::filesystem::path& source, const CheckpointFormat& format, int group,
                            const Provenance& from);
std::string stand_in_card(const std::filesystem::path& source, const CheckpointFormat& format, int group,
                          const std::string& tool);

// Writes config.json with quantization_config, the format's own config file, the model card README.md, and copies of
// the tokenizer, chat template, generation config and licence. A card of the original is kept as README.original.md.
void write_side_files(const std::filesystem::path& folder, const SourceModel& source, const CheckpointFormat& format,
                      int group, const std::string& tool, const std::string& card);

// SHA-256 of every file in the folder, by name.
std::map<std::string, std::string> file_digests(const std::filesystem::path& folder);

// Over names and digests, so that one number stands for a folder.
std::string source_digest(const std::map<std::string, std::string>& files);

}  // namespace scale::quantize
