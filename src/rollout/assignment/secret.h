// Secrets of a rollout: the assignment's salt and the operator's token. Made at the first start, readable by their
// owner alone, never logged.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace scale::rollout {

// Bytes from the kernel's generator, in hexadecimal.
std::string random_hex(std::size_t bytes);

// The secret kept in the file (32 random bytes in hexadecimal), made where there is none. Two processes that make it at
// once get the same one. An input error where the file holds anything else.
std::string load_or_make_secret(const std::filesystem::path& file);

// Takes the same time wherever the two differ.
bool same_secret(std::string_view left, std::string_view right);

}  // namespace scale::rollout
