// Where this checkout and its program are.
#pragma once

#include <filesystem>

namespace scale::test {

std::filesystem::path source_folder();
std::filesystem::path scale_program();

}  // namespace scale::test
