// Stage A under quantisation-aware training: the texts to train on, instead of the samples to calibrate on.
//
// The traffic's calibration samples (redacted when they were stored) and the files of [quality] mixture, each with its
// licence. Whatever shares text with what the gate scores is removed: the held-out set, the canary, the generated
// suites and the files of [calibration] evaluation. Exact duplicates are removed across all of it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::calibration {

struct MixtureOptions {
    std::uint64_t tokens_wanted = 0;                                    // that training is to see
    std::string reason;                                                 // of that number
    std::vector<std::pair<std::string, std::string>> evaluation_texts;  // (name of a set, text)
};

// Appends one training_mixture entry and returns its payload. Refuses without method = "qat", and before a calibration
// set stands. A file is JSON lines with "text" or "messages", or plain text, a document a paragraph. Tokens are counted
// with the original's tokenizer.
record::TrainingMixture gather_mixture(record::Pass& pass, const MixtureOptions& options);

}  // namespace scale::calibration
