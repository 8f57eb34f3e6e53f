// The commands and options as plain data, read off the parser's own declarations: what completion, the manual page and
// the reference are written from, so that none of them can say anything else than --help.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace scale::cli {

struct OptionShape {
    std::vector<std::string> names;  // "-v", "--verbose"; empty for a positional
    std::string positional;          // its name; "" for an option
    std::string description;
    std::string value;                 // what it takes, "TEXT", "FILE" or "DIR"; "" for a flag
    std::vector<std::string> choices;  // the values it takes, where they are a list
    std::string default_value;
    bool value_optional = false;
    bool required = false;
};

struct CommandShape {
    std::string name;  // "evaluate start"; "" for the program
    std::string description;
    std::string example;
    std::vector<OptionShape> options;
    std::vector<CommandShape> commands;  // without hidden ones

    std::string last_word() const;  // "start"
};

CommandShape shape_of(const CLI::App& app);

// The command and all below it, in the order of --help.
std::vector<const CommandShape*> flattened(const CommandShape& root);

}  // namespace scale::cli
