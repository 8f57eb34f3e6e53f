// How a kernel trial pairs its measurements, and how it is divided where memory is short. Pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "record/payload.h"

namespace scale::choice {

// Original over candidate, round by round. The shorter list decides the number of rounds.
record::Measured paired_speedup(const std::vector<double>& original, const std::vector<double>& candidate);

// Indices of the candidates, in groups: each group's memory with the original's stays within `limit`, as far as one
// candidate alone can.
std::vector<std::vector<std::size_t>> group_by_memory(const std::vector<std::uint64_t>& memory,
                                                      std::uint64_t original_memory, std::uint64_t limit);

}  // namespace scale::choice
