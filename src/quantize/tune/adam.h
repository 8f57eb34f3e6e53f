// The step of Adam (Kingma and Ba 2015, arXiv 1412.6980) for one number at a time; the state lies with the caller.
#pragma once

#include <cmath>

namespace scale::quantize {

struct Adam {
    int step = 0;  // from 1; 0 before the first
    float first_decay = 0.9f;
    float second_decay = 0.98f;

    // What to multiply a rate with, so that first / (sqrt(second) + tiny) is the unbiased direction.
    float correction() const {
        return static_cast<float>(std::sqrt(1 - std::pow(second_decay, step)) / (1 - std::pow(first_decay, step)));
    }
    // The direction, about ±1 at most, before the correction.
    float direction(float gradient, float& first, float& second) const {
        constexpr float tiny = 1e-12f;
        first = first_decay * first + (1 - first_decay) * gradient;
        second = second_decay * second + (1 - second_decay) * gradient * gradient;
        return first / (std::sqrt(second) + tiny);
    }
};

// Rates: about the largest change in one step of training.
struct StepSizes {
    float codes = 0;   // of a position, in steps between neighbouring codes
    float scales = 0;  // of a super-scale, in the same unit at the weight of mean size
    float norms = 0;   // relative
};

}  // namespace scale::quantize
