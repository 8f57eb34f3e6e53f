// Drawing the samples: selection and tokenizing in turns, because only the model's chat template can tell whether it
// takes a request. What it refuses leaves the pool and its stratum gives up the next one.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "calibration/selection.h"
#include "core/json.h"
#include "model/token_set.h"

namespace scale::calibration {

// Runs "calibration.tokenize" on a request without the model's path.
using Tokenizer = std::function<core::Json(const core::Json& request)>;

struct Drawing {
    std::vector<std::size_t> samples;  // positions in TrafficIndex::distinct, ascending
    std::vector<std::size_t> holdout;
    std::vector<model::TokenSequence> sample_sequences;  // in the order of `samples`
    std::vector<model::TokenSequence> holdout_sequences;
    bool has_template = true;
};

struct DrawingOptions {
    std::size_t samples = 256;
    std::size_t max_tokens = 1024;
    std::uint64_t seed = 1;
};

// Refused requests are added to index.broken and taken off index.requests. Throws an input error with the template's
// reason where fewer than min_samples or min_holdout are left.
Drawing draw(TrafficIndex& index, const Split& split, const DrawingOptions& options, const Tokenizer& tokenizer);

}  // namespace scale::calibration
