// The calibration set divided for the allocation: what statistics and sensitivities are made on, and what decides.
#pragma once

#include <vector>

#include "model/token_set.h"
#include "quantize/effort.h"

namespace scale::quantize {

struct AllocationTexts {
    std::vector<model::TokenSequence> inputs;  // input moments
    std::vector<model::TokenSequence> probes;  // sensitivities, in short pieces
    std::vector<model::TokenSequence> held_out;  // swaps, in short pieces, of samples in none of the above
};

// Every fourth sample is held out. Pieces are evenly spaced over the set, whole samples cut to 256 tokens where short
// ones are asked for. Sets of fewer than eight samples hold nothing out.
AllocationTexts divide_texts(const std::vector<model::TokenSequence>& calibration, const Effort& effort);

}  // namespace scale::quantize
