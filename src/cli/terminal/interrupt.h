// Ctrl-C and SIGTERM while a command works on a pass.
//
// They end the process at once, and its worker with it, since every step that was finished is in the record or in a
// file that is written whole: there is nothing to tidy up. What a user needs is to be told so and how to go on.
#pragma once

#include <string>

namespace scale::cli {

// From here on an interruption prints that nothing is lost and `command_line`, the command that goes on, on stderr;
// the process then ends by the signal itself, as a shell expects.
void explain_interruption(const std::string& command_line);

// The command line as a shell would take it, arguments quoted where they need it.
std::string shell_line(int count, const char* const* words);

}  // namespace scale::cli
