// Drawing the samples: selection, answering and tokenizing in turns, because only the model's chat template can tell
// whether it takes a request. What it refuses leaves the pool and its stratum gives up the next one. So does what turns
// out to be nearly the text of a sample on another side: here every pair is compared, and the last comparison finds
// none. At last, where that is asked for, the original runs twice as many candidates as the set has samples, and the
// set is judged or chosen by the outlier channels that it reaches (channels/).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibration/drawn.h"
#include "calibration/selection.h"
#include "model/token_set.h"
#include "record/payload.h"

namespace scale::calibration {

struct Drawing {
    std::vector<std::size_t> samples;  // positions in TrafficIndex::distinct, ascending
    std::vector<std::size_t> holdout;
    std::vector<std::size_t> canary;
    std::vector<model::TokenSequence> sample_sequences;  // in the order of `samples`
    std::vector<model::TokenSequence> holdout_sequences;
    std::vector<model::TokenSequence> canary_sequences;
    bool has_template = true;
    std::uint64_t refused = 0;      // by the model's template
    std::uint64_t set_aside = 0;    // drawn, and nearly the text of one on another side
    std::uint64_t cut = 0;          // samples and held-out texts cut at max_tokens
    std::uint64_t own_answers = 0;  // samples whose answer was generated
    record::ChannelCoverage channels;
    std::vector<record::LayerChannels> layers;  // every layer's channel coverage
};

struct DrawingOptions {
    std::size_t samples = 256;
    std::uint64_t seed = 1;
    SamplingJobs jobs;
    std::string channel_mode = "off";  // or "report" or "cover"
    Job channels;                      // "calibration.channels"
};

// Refused requests are added to index.broken and taken off index.requests. Throws an input error with the template's
// reason where fewer than min_samples or min_holdout are left.
Drawing draw(TrafficIndex& index, const Traffic& traffic, const Split& split, const DrawingOptions& options);

}  // namespace scale::calibration
