// The model card of an artefact: Markdown with the front matter that model hubs read.
#pragma once

#include <filesystem>
#include <string>

#include "record/lineage.h"

namespace scale::report {

// What the original's file says of itself; "" where it does not.
struct Origin {
    std::string name;
    std::string license;     // SPDX identifier as GGUF's general.license has it
    std::string repository;  // of the base model
};

// Reads the artefact's metadata; empty where the file is missing or cannot be read.
Origin origin_of(const std::filesystem::path& artefact);

// Throws an input error where the record has no artefact. Says of each figure where it comes from, and of what was not
// measured that it was not.
std::string model_card(const record::Lineage& lineage, const Origin& origin);

}  // namespace scale::report
