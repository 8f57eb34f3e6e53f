// What has changed under a pass since its constraint was set, for the commands that only look.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "record/lineage.h"

namespace scale::cli {

// Empty where there is no constraint, or no scale.toml to compare with. A part that cannot be examined (a model that is
// gone) is named with the reason instead of ending the command.
std::vector<std::string> changed_since_constraint(const std::filesystem::path& folder, const record::Lineage& lineage);

}  // namespace scale::cli
