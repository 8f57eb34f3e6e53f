// How far the candidate's next-token distributions lie from the original's, on the same tokens.
//
// Exact: both rows are whole, in float as the engine computed them; every sum runs in double precision. (Stored base
// logits of 16 bits, as llama.cpp's perplexity tool keeps them, cost a divergence of 0.0005 nats by themselves, a third
// of what Q8_0 costs.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/model.h"

namespace scale::quality {

struct RowComparison {
    double kl = 0;                        // KL(original ‖ candidate) = Σ p·ln(p/q), nats; ≥ 0
    bool same_top = false;                // the most likely token is the same (lowest number of equals)
    double original_log_probability = 0;  // of the token that follows, nats
    double candidate_log_probability = 0;
};

// Rows of `vocabulary` logits each, and the token that follows. Rows of equal length; 0 ≤ next < length. An input error
// where a model's logits are not numbers.
RowComparison compare_rows(std::span<const float> original, std::span<const float> candidate, engine::Token next);

}  // namespace scale::quality
