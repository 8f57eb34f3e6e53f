// The forward pass of a network over a batch of sequences, and the backward pass from gradients of its last states.
//
// "States" are the outputs of the final norm, tokens × width: what the head reads. The head and its losses are apart
// (head.h), since rows of a whole vocabulary do not fit memory for many tokens at once.
//
// Memory of a trace: about 4 · layers · (5 · width + 2 · feed-forward) bytes a token (0.7 MB for a model of 135 million
// parameters), so 0.7 GB for two sequences of 512 tokens.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "quantize/network/batch.h"
#include "quantize/network/load.h"

namespace scale::quantize {

struct BlockTrace {
    std::vector<float> input, raw_query, raw_key, query, key, value, mixed, middle, gate, up;
};

struct Trace {
    std::vector<BlockTrace> blocks;
    std::vector<float> last;  // input of the final norm
};

// Sees every linear layer in the backward pass: its inputs (tokens × columns) and the gradients of its outputs (tokens
// × rows). The head is not among them.
using LinearObserver =
    std::function<void(const WeightMatrix& weight, std::span<const float> inputs, std::span<const float> gradients)>;

// Throws an input error for a token outside the vocabulary. `trace` may be null.
std::vector<float> forward(const Network& network, const SequenceBatch& batch, Trace* trace, int threads);

// `gradient` is that of the states. Sums into those matrices of `gradients` that have room. Both may be left out.
void backward(const Network& network, const SequenceBatch& batch, const Trace& trace, std::vector<float> gradient,
              NetworkWeights* gradients, const LinearObserver& observer, int threads);

}  // namespace scale::quantize
