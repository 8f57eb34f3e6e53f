// Linear layers, forward and backward, by OpenBLAS on tiles of fixed edges: the sums do not depend on the threads.
//
// Activations are row-major, one token a row. OpenBLAS must be set to one thread (openblas_set_num_threads).
#pragma once

#include <span>

#include "quantize/network/weights.h"

namespace scale::quantize {

// y (tokens × rows) = x (tokens × columns) · Wᵀ + bias
void linear_forward(const LinearLayer& layer, std::span<const float> x, std::span<float> y, int threads);
void product_forward(const WeightMatrix& weight, std::span<const float> x, std::span<float> y, int threads);

// dx = g · W, or dx += g · W
void input_gradient(const WeightMatrix& weight, std::span<const float> g, std::span<float> dx, bool add, int threads);

// dW += gᵀ · x
void weight_gradient(WeightMatrix& gradient, std::span<const float> x, std::span<const float> g, int threads);

// dbias += Σ over tokens of g
void bias_gradient(WeightMatrix& gradient, std::span<const float> g);

}  // namespace scale::quantize
