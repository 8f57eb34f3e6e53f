// A log file as it was when it was opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "calibration/source/place.h"
#include "core/file.h"

namespace scale::calibration {

class LogFile {
  public:
    // Throws an input error where the file is missing or not a regular file.
    explicit LogFile(const std::filesystem::path& path);

    std::uint64_t size() const { return size_; }  // when it was opened
    const std::string& name() const { return name_; }

    // Hands out the file in order, in chunks of at most 1 MiB.
    void for_each_chunk(const std::function<void(std::string_view)>& visit) const;

    // At most max_line bytes; an io error where the file has become shorter.
    std::string read(std::uint64_t offset, std::uint64_t length) const;

    // The first bytes of the file, at most `limit`.
    std::string head(std::size_t limit) const;

  private:
    std::string name_;
    core::FileDescriptor file_;
    std::uint64_t size_ = 0;
};

}  // namespace scale::calibration
