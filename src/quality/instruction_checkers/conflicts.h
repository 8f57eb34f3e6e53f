// Which instructions cannot be asked for together.
#pragma once

#include <string>

namespace scale::quality {

// True where no answer, or only a contrived one, follows both: the same instruction twice, upper and lower case, JSON
// and bullet points. Symmetric. Of two instructions about words, the caller sees to it that they name different ones.
bool conflict(const std::string& a, const std::string& b);

}  // namespace scale::quality
