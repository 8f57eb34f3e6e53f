// Reading a traffic log line by line in bounded memory.
//
// A log grows while it is read and holds whatever clients sent. The part that was there when the file was opened is
// read once, in order, hashing every byte; a line longer than max_line is skipped without being held. Nothing in a line
// is fatal: what cannot be used is counted and the first few are named.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace scale::calibration {

inline constexpr std::uint64_t max_line = std::uint64_t{16} << 20;
inline constexpr std::size_t broken_examples_kept = 5;

// Where a line lies in the log, so that it can be read again.
struct LinePlace {
    std::uint64_t number = 0;  // from 1
    std::uint64_t offset = 0;  // bytes from the start of the file
    std::uint64_t length = 0;  // bytes, without line ending and byte-order mark
};

// Lines that could not be used.
struct BrokenLines {
    std::uint64_t count = 0;
    std::vector<std::string> examples;  // "line 17: not valid JSON (…)", the first broken_examples_kept

    void add(std::uint64_t line, const std::string& reason);
};

struct LogReading {
    std::uint64_t lines = 0;  // blank ones are not counted
    std::string sha256;       // of the bytes read
};

// Hands every line to `sink` (the view is valid during the call only) and too-long ones to `broken`. `progress` (may be
// empty) gets bytes done and total. Throws an input error where the log is missing or a folder.
LogReading read_log(const std::filesystem::path& path,
                    const std::function<void(const LinePlace&, std::string_view)>& sink, BrokenLines& broken,
                    const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

// Reads single lines again, by place.
class LineReader {
  public:
    explicit LineReader(const std::filesystem::path& path);
    std::string read(const LinePlace& place) const;  // an io error where the log has become shorter

  private:
    std::string name_;
    core::FileDescriptor file_;
};

}  // namespace scale::calibration
