// Fewer sequences of a token set, spread over all of it.
#pragma once

#include <cstdint>
#include <vector>

#include "model/token_set.h"

namespace scale::quantize {

// Evenly spaced sequences with about `wanted` tokens in all.
std::vector<model::TokenSequence> thinned(std::vector<model::TokenSequence> set, std::uint64_t wanted);

}  // namespace scale::quantize
