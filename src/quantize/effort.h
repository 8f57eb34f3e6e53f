// How much of the calibration set is read for what, by the size of the model: second moments of inputs settle at a few
// times their width, and small models can afford more than that. The price in quality: docs/measurements/quantizer.md.
#pragma once

#include <cstdint>

#include "model/gguf.h"

namespace scale::quantize {

// In tokens; each is also bounded by the set.
struct Effort {
    std::uint64_t refinement = 0;        // whole moments behind the refinement, and behind checkpoints
    std::uint64_t search_inputs = 0;     // behind the errors of every type
    std::uint64_t search_gradients = 0;  // each about three times the arithmetic of a pass
    // Of one look at the whole model with some tensors rounded, and of one that decides between plans. The same at
    // every size: on SmolLM2 half of it saved a twentieth of the time and chose a worse plan.
    std::uint64_t search_probes = 2048;
    std::uint64_t search_held_out = 4096;
    double probe_budget = 0;             // probes together may cost a pass over so many, exchanges as much again
};

// `widest_input`: columns of the widest matrix.
Effort effort_for(std::uint64_t parameters, std::uint64_t widest_input);
Effort effort_for(const model::GgufFile& model);

}  // namespace scale::quantize
