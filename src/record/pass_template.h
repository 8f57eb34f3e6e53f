// Writing scale.toml.
#pragma once

#include <string>

#include "record/pass_file.h"

namespace scale::record {

// The commented file that reads as `file`; values that are not stated (empty, 0) stand in it as comments. The suites'
// margins are always those of the defaults.
std::string pass_file_text(const PassFile& file, const std::string& model_description);

}  // namespace scale::record
