// Norms and biases, which a GGUF holds as F32, following gradients.
#pragma once

#include <vector>

#include "quantize/network/weights.h"
#include "quantize/tune/adam.h"

namespace scale::quantize {

// Steps are relative to each value's size at the start; a value of 0 stays.
class TunedVector {
  public:
    explicit TunedVector(const WeightMatrix& start)
        : size_(start.values), first_(start.values.size()), second_(start.values.size()) {}

    void step(const WeightMatrix& gradient, const Adam& adam, const StepSizes& sizes, WeightMatrix& values) {
        const float rate = sizes.norms * adam.correction();
        for (std::size_t i = 0; i < size_.size(); ++i) {
            const float size = size_[i] < 0 ? -size_[i] : size_[i];
            values.values[i] -= size * rate * adam.direction(gradient.values[i] * size, first_[i], second_[i]);
        }
    }

  private:
    std::vector<float> size_, first_, second_;
};

}  // namespace scale::quantize
