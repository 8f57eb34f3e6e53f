// The line "next:" as it can be typed where the user stands.
#pragma once

#include <string>

#include "cli/commands.h"

namespace scale::cli {

// `next` with the folder that the parsed command was given (--dir) behind every command in it that takes one. Unchanged
// where none was given, and where a command in it names a folder itself.
std::string with_folder(const std::string& next, const CLI::App& app);

}  // namespace scale::cli
