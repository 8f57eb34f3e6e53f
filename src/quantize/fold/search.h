// Whether scaling the channels of one input helps the layers that read it, and by which exponent.
//
// Scales are made from one half of the statistics and judged on the other, both ways round, on probe rows of the
// readers. A fold is taken only where it lowers that loss against none at all, with the rounding that will be used.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "quantize/fold/channel_scales.h"
#include "quantize/fold/sampled_inputs.h"
#include "quantize/fold/scaling.h"
#include "quantize/uniform/solve_readers.h"

namespace scale::quantize {

struct FoldChoice {
    std::vector<float> scales;  // of the channels; empty: none
    double exponent = 0;
    double plain_loss = 0;   // held-out, relative to the outputs' power, without scales
    double folded_loss = 0;  // with the best ones
};

// Readers of one input, its statistics, and the grid that they are to be rounded to.
struct FoldQuestion {
    const UniformGrid& grid;
    std::span<const UniformReader> readers;
    const HalvedMoments& moments;
    const InputSample& sample;
    SharedChannels shared = {};

    const Moments& half(int which) const { return which == 0 ? moments.first : moments.second; }
    std::vector<Probe> probes(int rows) const {
        std::vector<Probe> result;
        for (const UniformReader& reader : readers)
            result.push_back(make_probe(reader.weights, reader.rows, moments, rows));
        return result;
    }
};

// For weights alone (AWQ): the loss is tr(E H Eᵀ). Exponents are compared by rounding to nearest; the best and none at
// all with error feedback.
FoldChoice search_salience_fold(const FoldQuestion& question, const SolveOptions& options);

// For weights and activations of 8 bits (SmoothQuant): the loss is that of the outputs for the sampled inputs, rounded
// token by token as a server does it.
FoldChoice search_smoothing_fold(const FoldQuestion& question, const SolveOptions& options);

// Each row rounded to 8-bit integers times its largest magnitude over 127, in place.
void round_tokens(std::vector<float>& rows, int columns);

}  // namespace scale::quantize
