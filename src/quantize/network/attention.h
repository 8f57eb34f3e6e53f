// Causal attention with grouped keys and values, forward and backward.
//
// Scores are made again in the backward pass, so that memory stays linear in the length. Scratch: a few times 128 ×
// length floats a thread.
#pragma once

#include <span>

#include "quantize/network/batch.h"
#include "quantize/network/shape.h"

namespace scale::quantize {

// q: tokens × query_width, k and v: tokens × kv_width, after the rotation; mixed: tokens × query_width.
void attention_forward(const NetworkShape& shape, const SequenceBatch& batch, std::span<const float> q,
                       std::span<const float> k, std::span<const float> v, std::span<float> mixed, int threads);

// g is the gradient of mixed; dq, dk, dv are overwritten.
void attention_backward(const NetworkShape& shape, const SequenceBatch& batch, std::span<const float> q,
                        std::span<const float> k, std::span<const float> v, std::span<const float> mixed,
                        std::span<const float> g, std::span<float> dq, std::span<float> dk, std::span<float> dv,
                        int threads);

}  // namespace scale::quantize
