// Softmax arithmetic on rows of logits.
//
// In double precision throughout: a row against itself gives zero, and there is no floor that a small divergence would
// drown in.
#pragma once

#include <span>

namespace scale::engine {

// ln Σ exp(row), so that log softmax(row)[t] = row[t] − result. NaN where a logit is not a number. Not empty.
double log_normaliser(std::span<const float> row);

struct RowDivergence {
    double kl = 0;                // KL(p ‖ q) of the rows' softmax, nats; ≥ 0, or NaN where a logit is not a number
    double p_log_normaliser = 0;  // as log_normaliser()
    double q_log_normaliser = 0;
};

// Rows of equal length, not empty.
RowDivergence row_divergence(std::span<const float> p, std::span<const float> q);

}  // namespace scale::engine
