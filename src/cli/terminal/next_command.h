// The line "next:" as it can be typed where the user stands.
#pragma once

#include <filesystem>
#include <string>

#include "cli/commands.h"

namespace scale::cli {

// `next` with --dir and the pass's folder behind every command in it that takes one, by the tree of `app`. Unchanged in
// the folder at hand ("."), and where a command in it names a folder itself.
std::string with_folder(const std::string& next, const std::filesystem::path& folder, const CLI::App& app);

}  // namespace scale::cli
