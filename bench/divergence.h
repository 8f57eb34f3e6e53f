// What the quantiser's benches measure: sequences of a text, and how far one row of logits is from another.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "engine/model.h"
#include "model/token_set.h"

namespace scale::bench {

inline constexpr std::size_t sequence_tokens = 512;

// The beginning of a text file cut into sequences of 512 tokens, `tokens` at the most. Throws an input error where it
// is shorter than one.
std::vector<model::TokenSequence> sequences_of(const engine::Model& model, const std::filesystem::path& text,
                                               std::size_t tokens);

struct RowDivergence {
    double kl = 0;  // KL(p ‖ q), nats
    bool same_first_choice = false;
};

// p and q: logits of one position.
RowDivergence compare_rows(std::span<const float> p, std::span<const float> q);

struct MeanError {
    double mean = 0;
    double error = 0;  // standard error; 0 for a single value
};

MeanError mean_of(const std::vector<double>& values);

}  // namespace scale::bench
