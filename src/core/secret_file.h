// Secrets that a program makes for itself and keeps: 32 random bytes in hexadecimal, in a file that its owner alone reads.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace scale::core {

// Bytes from the kernel's generator, in hexadecimal.
std::string random_hex(std::size_t bytes);

// The secret in the file, made where there is none: the file appears whole or not at all, whenever the process is killed,
// and two processes that make it at once get the same one. An input error with `next_step` where it holds anything
// else, an io error where it cannot be made.
std::string load_or_make_secret(const std::filesystem::path& file, const std::string& next_step);

}  // namespace scale::core
