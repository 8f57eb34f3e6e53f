// Streams of requests drawn from a grammar, most of them nearly right: what mutation of bytes seldom reaches.
#pragma once

#include <cstddef>
#include <random>
#include <string>

namespace scale::fuzz {

// One to four requests, at most `most_bytes` in all.
std::string make_requests(std::minstd_rand& random, std::size_t most_bytes);

}  // namespace scale::fuzz
