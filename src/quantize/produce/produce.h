// Stage A, second half: the artefact, made with the calibration set.
//
// The types of the tensors are planned (allocation/), statistics gathered (both resumable), the file is written to
// .scale/work, refined and checked there, and only then renamed to <model's name>.<type>.gguf in the pass folder, with
// its plan beside it. A file of that name that the record does not know is not overwritten.
#pragma once

#include <filesystem>

#include "quantize/allocation/choose_plan.h"
#include "record/pass.h"
#include "record/payload.h"

namespace scale::quantize {

struct QuantizeOptions {
    bool again = false;             // make it anew although a sound one is there
    std::filesystem::path trained;  // "": from the original; else a trained file on the grid, packed bit-exactly
    SizeWish wish;
    std::string checkpoint;  // "gptq", "awq", …: a checkpoint for GPU servers in this format; "": as decided
};

struct Product {
    record::Artefact artefact;
    bool reused = false;  // the record's artefact was current and its file whole; nothing was done
};

// With a trained file (the result of a QAT plan) its weights are packed in place of the original's, and the comparison
// of every decoded weight is kept as an object. Refused, naming the first tensor, where a weight is not on the grid.
//
// Appends one artefact entry unless reused. Refuses (exit 5) without a current, unexpired calibration set or for a
// model that is not the one measured. Throws an io error where the disk is too full, and an error naming the tensor
// where the artefact is not sound; then nothing is published.
Product produce(record::Pass& pass, const QuantizeOptions& options);

// The plan that produce() would follow, and nothing else: the pass is not written to. Costs the search.
ChosenPlan predict(const record::Pass& pass, const QuantizeOptions& options);

}  // namespace scale::quantize
