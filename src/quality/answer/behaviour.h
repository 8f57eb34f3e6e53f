// What an answer shows of a model's manners, whatever it says.
#pragma once

#include <string>

namespace scale::quality {

// The text ends in a loop: its last 96 bytes or more are one piece of at most 400 bytes, four times over or more. What
// a damaged model falls into before its answers become wrong.
bool repeats_itself(const std::string& text);

// The first sentences decline to answer ("I'm sorry, but I can't…"), by a list of English phrases.
bool declines(const std::string& text);

}  // namespace scale::quality
