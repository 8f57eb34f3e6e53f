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

// How many tokens a gate scores: at this look, and at its first and its last.
struct TokenPlan {
    std::uint64_t tokens = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

// Texts in seeded random order until `plan.tokens` are scored. Each is cut at 1/32 of the first look's tokens (64…512),
// so that the bootstrap has about 32 texts at least, and at `longest` tokens. The texts of one look begin those of the
// next. What all texts begin with (a template's system
// prompt) is run but not scored: it would count the same tokens once a text. Empty where no text has a token to score.
std::vector<ScoredText> choose_texts(const std::vector<model::TokenSequence>& held_out, const TokenPlan& plan,
                                     std::size_t longest, std::uint64_t seed);

}  // namespace scale::quality
