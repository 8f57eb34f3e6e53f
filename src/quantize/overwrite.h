// Changing bytes of a file in place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/file.h"

namespace scale::quantize {

core::FileDescriptor open_to_overwrite(const std::filesystem::path& path);
void overwrite(const core::FileDescriptor& file, std::uint64_t offset, std::string_view bytes, const std::string& name);
void sync(const core::FileDescriptor& file, const std::string& name);  // to the disk

}  // namespace scale::quantize
