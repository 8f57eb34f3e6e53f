// Secrets of a rollout: the assignment's salt and the operator's token. Made at the first start, readable by their
// owner alone, never logged.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace scale::rollout {

// As core/secret_file.h, with what to do about a damaged one.
std::string load_or_make_secret(const std::filesystem::path& file);

// Takes the same time wherever the two differ.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace scale::rollout
