// The parts of a block that are no matrix products: norms, rotary positions, SwiGLU; each with its backward.
// All activations are row-major, one token a row.
#pragma once

#include <span>
#include <vector>

#include "quantize/network/batch.h"
#include "quantize/network/shape.h"
#include "quantize/network/weights.h"

namespace scale::quantize {

// y = x / sqrt(mean(x²) + epsilon) · weight, over runs of weight.columns values (Zhang and Sennrich 2019).
void rms_norm(const WeightMatrix& weight, float epsilon, std::span<const float> x, std::span<float> y);
// dx += …, and into `gradient` where it has room. g and dx may not overlap.
void rms_norm_backward(const WeightMatrix& weight, float epsilon, std::span<const float> x, std::span<const float> g,
                       std::span<float> dx, WeightMatrix* gradient);

// Rotary positions (Su et al. 2021): pairs of elements of every head turn by position · frequency of the pair.
class Rotation {
  public:
    explicit Rotation(const NetworkShape& shape) : shape_(shape) {}
    // In place; `heads` heads a token. Backward is the turn back.
    void turn(const SequenceBatch& batch, int heads, std::span<float> x, bool back) const;

  private:
    const NetworkShape& shape_;
};

// hidden = silu(gate) · up (Shazeer 2020)
void swiglu(std::span<const float> gate, std::span<const float> up, std::span<float> hidden);
// g is the gradient of hidden.
void swiglu_backward(std::span<const float> gate, std::span<const float> up, std::span<const float> g,
                     std::span<float> dgate, std::span<float> dup);

}  // namespace scale::quantize
