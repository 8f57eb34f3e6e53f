// Completion scripts for shells, from the tree of commands.
#pragma once

#include <string>

#include "cli/shell/command_tree.h"

namespace scale::cli {

std::string bash_completion(const CommandShape& program);
std::string zsh_completion(const CommandShape& program);
std::string fish_completion(const CommandShape& program);

}  // namespace scale::cli
