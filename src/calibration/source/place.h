// Where the requests of a log lie, and what came of reading it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scale::calibration {

inline constexpr std::uint64_t max_line = std::uint64_t{16} << 20;
inline constexpr std::size_t broken_examples_kept = 5;

// Where a request lies, so that it can be read again. A piece is a line, a block of lines or an array's element.
struct Place {
    std::uint64_t number = 0;  // of the piece, from 1
    std::uint64_t offset = 0;  // bytes from the start of the file
    std::uint64_t length = 0;  // bytes, without line ending and byte-order mark
    std::uint32_t file = 0;    // of the source's files; the gateway's log has several
    // Where the answer is logged apart from the request; length 0 for nowhere.
    std::uint32_t answer_file = 0;
    std::uint64_t answer_offset = 0;
    std::uint64_t answer_length = 0;
};

// Pieces that could not be used.
struct BrokenLines {
    std::uint64_t count = 0;
    std::vector<std::string> examples;  // "line 17: not valid JSON (…)", the first broken_examples_kept

    void add(std::uint64_t line, const std::string& reason);
};

struct LogReading {
    std::uint64_t lines = 0;  // pieces; blank ones are not counted
    std::string sha256;       // of the bytes read
};

}  // namespace scale::calibration
