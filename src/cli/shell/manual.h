// The manual page and the reference of the command line, from the tree of commands.
#pragma once

#include <string>
#include <vector>

#include "cli/shell/command_tree.h"

namespace scale::cli {

std::string manual_page(const CommandShape& program, const std::string& version);  // man(7) macros
std::string manual_markdown(const CommandShape& program);
std::string settings_markdown();  // of scale.toml

struct NamedText {
    std::string name;
    std::string text;
};
// What holds for all commands.
const std::vector<NamedText>& exit_statuses();
const std::vector<NamedText>& environment_variables();
const std::vector<NamedText>& files_of_a_pass();

}  // namespace scale::cli
