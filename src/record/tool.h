// Who writes: the `tool` member of record entries.
#pragma once

#include <string>

namespace scale::record {

// "scale 0.1.0" until set; src/cli sets it to name the engine and the user as well.
std::string tool_name();
void set_tool_name(std::string name);

}  // namespace scale::record
