// What `scale init` may be told about a pass, by options or by the answers of the wizard.
#pragma once

#include <filesystem>
#include <string>

#include "record/pass_file.h"

namespace scale::cli {

struct InitOptions {
    std::string model;
    bool force = false;
    bool defaults = false;  // ask nothing
    std::string kind;       // of the constraint; "": memory where a target can be suggested, else measure
    double memory_mib = 0;  // 0 where not stated, as the next three
    double requests_per_minute = 0;
    double price_per_hour = 0;
    double price_per_million_tokens = 0;
    std::string quality;  // "" where not stated
    std::string traffic;
};

// Whether anything about the pass beside the model was stated.
bool states_wishes(const InitOptions& options);

// Puts what was stated in its place. Throws a usage error for a kind without its target, or a target of another kind.
void apply(const InitOptions& options, record::PassFile& file);

// The command that does the same without questions.
std::string equivalent_command(const InitOptions& options, const std::filesystem::path& folder);

}  // namespace scale::cli
