// A server's log probabilities of a prompt, as vLLM writes them: choices[0].prompt_logprobs holds null for the first
// token, then for every token an object {"token number": {"logprob": nats, …}} with the most likely ones and the one
// that stands there.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/model.h"
#include "quality/metric/known_tokens.h"

namespace scale::quality {

struct ScoredPrompt {
    std::span<const engine::Token> tokens;
    std::size_t first = 0;  // tokens from first + 1 on are scored, as row i of the engine predicts token i + 1
};

// Limits of what one place may hold.
struct KnownLimits {
    std::size_t tokens = 0;      // at most
    std::size_t vocabulary = 0;  // token numbers lie below
};

// result[i] belongs to token first + 1 + i. Reads the text once and keeps what is asked for, no tree. An error naming
// `source` for anything that is no such answer: no JSON, no log probabilities, other places than the prompt has, the
// token that stands there not named, too many tokens, numbers that are no log probabilities or sum to more than 1.
std::vector<PlaceScores> parse_prompt_scores(std::string_view body, const ScoredPrompt& prompt,
                                             const KnownLimits& limits, const std::string& source);

}  // namespace scale::quality
