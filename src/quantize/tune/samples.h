// Calibration sequences with what the original says about them, split into those that train and those that judge.
#pragma once

#include <cstdint>
#include <vector>

#include "model/token_set.h"
#include "quantize/network/batch.h"
#include "quantize/network/load.h"

namespace scale::quantize {

struct Sample {
    std::vector<std::int32_t> tokens;
    std::vector<float> states;  // of the original; 4 · width bytes a token
};

struct SplitSamples {
    std::vector<Sample> training;
    std::vector<Sample> held_out;  // evenly spaced in the set
    std::uint64_t training_tokens() const;
};

struct SampleLimits {
    std::uint64_t tokens = 0;         // of all samples, about
    std::size_t longest = 1024;       // a longer sequence is cut there
    std::size_t held_out_every = 12;  // one in so many judges
};

// Sequences of fewer than two tokens are left out. States are missing still.
SplitSamples split_samples(const std::vector<model::TokenSequence>& set, const SampleLimits& limits);

// Samples in a row with at most `tokens` tokens together, at least one.
std::vector<std::vector<const Sample*>> in_batches(const std::vector<const Sample*>& samples, std::size_t tokens);

}  // namespace scale::quantize
