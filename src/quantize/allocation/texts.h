// The calibration set divided for the allocation: what statistics and sensitivities are made on, and what decides.
#pragma once

#include <vector>

#include "model/token_set.h"

namespace scale::quantize {

struct AllocationTexts {
    std::vector<model::TokenSequence> inputs;  // input moments: search_input_tokens
    std::vector<model::TokenSequence> probes;  // sensitivities: about 2048 tokens, in short pieces
    std::vector<model::TokenSequence>
        held_out;  // swaps: about 4096 tokens in short pieces, of samples in none of the above
};

// Every fourth sample is held out. Pieces are evenly spaced over the set, whole samples cut to 256 tokens where short
// ones are asked for. Sets of fewer than eight samples hold nothing out.
AllocationTexts divide_texts(const std::vector<model::TokenSequence>& calibration);

}  // namespace scale::quantize
