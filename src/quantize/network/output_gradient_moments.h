// How much each output row of each linear layer matters to what the model says: E[g²], g the gradient of the log
// likelihood by that output, labels drawn from the model's own predictions (the Fisher information's diagonal by
// outputs).
//
// An error Δ_r in row r of a layer with input moments H = E[x xᵀ] then costs about ½ · E[g_r²] · Δ_r H Δ_rᵀ nats of KL
// a token (second order, rows and tokens taken as independent; methods: YAQA arXiv 2505.22988, GuidedQuant 2505.07004).
// The gradient is that of the sum over a sequence's tokens, so effects on later tokens count.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/token_set.h"

namespace scale::quantize {

struct OutputGradientMoments {
    std::map<std::string, std::vector<float>> rows;  // by tensor name; a tied head stands under token_embd.weight
    std::uint64_t tokens = 0;
    std::string unsupported;  // why there are none (network/load.h); empty otherwise
};

struct OutputGradientOptions {
    std::uint64_t tokens = 16384;  // at most; sequences in order, each cut to sequence_tokens
    int sequence_tokens = 512;
    int threads = 1;  // the result does not depend on it
    std::uint64_t seed = 1;
};

// Memory: 4 bytes a parameter and the trace of one sequence (pass.h). Cost: about 6 flop a parameter and token.
// `progress` (may be empty) gets tokens done and to do.
OutputGradientMoments output_gradient_moments(const model::GgufFile& file,
                                              const std::vector<model::TokenSequence>& calibration,
                                              const OutputGradientOptions& options,
                                              const std::function<void(double, double)>& progress = {});

}  // namespace scale::quantize
