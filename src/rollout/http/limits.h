// Caps on what a peer may make us hold in memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace scale::rollout::http {

struct Limits {
    std::size_t first_line = 8 << 10;     // request or status line, bytes
    std::size_t header_bytes = 32 << 10;  // all header lines together
    std::size_t header_count = 100;
    std::uint64_t body = 16 << 20;      // of a request
    std::size_t chunk_digits = 8;       // of a chunk's size
    std::size_t chunk_extension = 256;  // bytes behind one chunk's size
};

}  // namespace scale::rollout::http
