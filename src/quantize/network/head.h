// The head: logits from states, and losses on them, a few tokens at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/random.h"
#include "quantize/network/load.h"

namespace scale::quantize {

// tokens × vocabulary
std::vector<float> logits(const Network& network, std::span<const float> states, int threads);

struct HeadLoss {
    double sum = 0;               // of KL(teacher ‖ network) over the tokens, nats
    std::vector<float> gradient;  // of the sum, by the states
};

// Adds the head's own gradient into `gradients` where that has room. `teacher_states` and `states` belong to the same
// tokens.
HeadLoss divergence(const Network& teacher, std::span<const float> teacher_states, const Network& network,
                    std::span<const float> states, NetworkWeights* gradients, int threads);
// The sum alone.
double divergence_only(const Network& teacher, std::span<const float> teacher_states, const Network& network,
                       std::span<const float> states, int threads);

struct DrawnLoss {
    std::vector<float> gradient;  // of Σ −log p(label), by the states, labels drawn from the network's own softmax
};

// `row_moments` (one a vocabulary entry) gets Σ p(1 − p): the second moment of the logits' gradient, without drawing.
DrawnLoss drawn_labels(const Network& network, std::span<const float> states, core::Random& random,
                       std::span<double> row_moments, int threads);

}  // namespace scale::quantize
