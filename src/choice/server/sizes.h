// What a checkpoint of each format will take, from the original's tensors alone.
#pragma once

#include <vector>

#include "choice/candidates.h"
#include "choice/gather.h"

namespace scale::choice {

// Every candidate; those for GPU servers with bits, bytes and memory (estimated: the linear layers at the format's own
// width with its scales, everything else as the original has it).
std::vector<record::Candidate> list_server_candidates(const Gathered& facts);

}  // namespace scale::choice
