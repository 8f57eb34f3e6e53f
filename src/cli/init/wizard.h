// The questions of `scale init` on a terminal: at most five, each with an answer that Enter takes.
#pragma once

#include <functional>
#include <string>

#include "cli/init/options.h"

namespace scale::cli {

// Reads one line for a question; nothing at the end of the input.
using Ask = std::function<std::string(const std::string& question, const std::string& suggested)>;

// What Enter takes where an answer can be suggested.
struct Suggestions {
    double memory_mib = 0;
};

// Fills in what is not stated yet.
void ask_wishes(InitOptions& options, const Suggestions& suggestions, const Ask& ask);

// Asks on stderr and reads stdin. Throws an input error at the end of the input.
std::string ask_on_terminal(const std::string& question, const std::string& suggested);

}  // namespace scale::cli
