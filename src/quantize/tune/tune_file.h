// Tuning a quantised GGUF in place against the end loss: KL(original ‖ quantised) on calibration text.
//
// Types and bytes of the file stay what they are. What moves, by Adam on gradients of the whole network: the codes of
// all matrices below 8 bits a weight, the binary16 super-scales of their superblocks, and the F32 norms and biases
// (end-to-end tuning of the quantisation parameters: EfficientQAT, Chen et al. 2024, arXiv 2407.11062, §3.3; codes by
// the straight-through estimator, tuned_matrix.h). Codebook types stay as they are. Every twelfth sample does not train
// but judges: the state with the lowest KL there is kept, and the file stays as it was where none is lower than the
// start. All of it on the numbers as they are stored.
//
// Memory: tuning_memory() and the samples' states. Nothing is written before the end, so an interrupted run is begun
// anew on the same file. The bytes do not depend on the number of threads.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "model/token_set.h"
#include "quantize/network/shape.h"
#include "quantize/tune/adam.h"

namespace scale::quantize {

struct TuneOptions {
    std::uint64_t tokens = 98304;     // of the calibration set, evenly spaced
    int epochs = 2;                   // times that every token trains
    std::size_t batch_tokens = 1024;  // a step
    int judgements = 4;               // on the held-out samples, evenly spaced over the steps
    // Rates of Adam; they sink to 0 along a cosine. codes: how far noise alone carries a position in the whole run, in
    // steps between neighbouring codes; each step's rate is that over the root of the number of steps, so that about as
    // many codes change by chance in a long run as in a short one, and more by what the gradients agree on. scales: in
    // such steps too, at a weight of mean size, a step of training. norms: relative, a step of training.
    StepSizes sizes{0.33f, 0.002f, 0.0003f};
    std::uint64_t memory_bytes = ~std::uint64_t{0};
    int threads = 1;
};

struct TuneRequest {
    std::filesystem::path original;
    std::filesystem::path target;  // quantised from `original`; changed in place
    TuneOptions options;
};

struct TuneResult {
    std::string unsupported;  // why nothing was tried; empty otherwise
    bool kept = false;        // false: the file is as it was
    double loss_before = 0;   // mean KL on the held-out samples, nats a token
    double loss_after = 0;    // of the best state
    std::uint64_t training_tokens = 0;
    std::uint64_t held_out_tokens = 0;
    int matrices = 0;
    int vectors = 0;
};

// (done, total, note)
using TuneProgress = std::function<void(double done, double total, const std::string& note)>;

// Bytes: both networks in float, gradients and stored numbers of a weight, the trace of one step, rows of logits.
std::uint64_t tuning_memory(const NetworkShape& shape, std::uint64_t parameters, const TuneOptions& options);

TuneResult tune_file(const TuneRequest& request, const std::vector<model::TokenSequence>& calibration,
                     const TuneProgress& progress);

}  // namespace scale::quantize
