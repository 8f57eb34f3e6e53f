// Files and folders that are written under a hidden name until they are whole: ".NAME.PID.partial".
#pragma once

#include <filesystem>

namespace scale::model {

// The hidden name beside `final` that this process writes to.
std::filesystem::path partial_name(const std::filesystem::path& final);

// Removes what processes that are gone left under such names for `final`.
void remove_abandoned(const std::filesystem::path& final);

}  // namespace scale::model
