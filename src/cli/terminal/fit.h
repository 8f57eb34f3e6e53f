// Laying out results for the terminal at hand. Only what goes to a terminal is touched: files and pipes get the text as
// the commands made it.
#pragma once

#include <string>

namespace scale::cli {

// Breaks lines longer than `width` characters at spaces. What follows is indented below the line's last column (the
// text behind the last run of two spaces or more) where at least 24 characters remain there, else two further than the
// line itself; so a table's row stays one visible block. Words longer than a line are left whole.
std::string fit(const std::string& text, int width);

// Colours the words that carry a result: verdicts, states of stages, "measured" and "estimated", and the labels of
// errors and of the next command.
std::string paint(const std::string& text);

// fit() and paint() as far as the stream behind the descriptor wants them.
std::string for_terminal(const std::string& text, int descriptor);

}  // namespace scale::cli
