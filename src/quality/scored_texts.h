// Which held-out texts are scored, and which of their tokens.
#pragma once

#include <cstdint>
#include <vector>

#include "model/token_set.h"

namespace scale::quality {

struct ScoredText {
    std::size_t index = 0;   // in the held-out set
    std::size_t length = 0;  // tokens run
    std::size_t first = 0;   // row i predicts token i + 1; rows from `first` to length − 2 are scored
    std::size_t scored() const { return length - 1 - first; }
};

// Texts in seeded random order until `tokens` are scored. Each is cut at tokens/32 (64…512) scored tokens, so that the
// bootstrap has about 32 texts at least, and at `longest` tokens. What all texts begin with (a template's system
// prompt) is run but not scored: it would count the same tokens once a text. Empty where no text has a token to score.
std::vector<ScoredText> choose_texts(const std::vector<model::TokenSequence>& held_out, std::uint64_t tokens,
                                     std::size_t longest, std::uint64_t seed);

}  // namespace scale::quality
