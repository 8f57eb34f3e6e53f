// Stage L during quantisation-aware training: a gate at 10, 30 and 100 % of it, on a checkpoint given as a GGUF file.
//
// At 10 and 30 % the question is whether training should go on: "stop" where the divergence from the original is
// significantly above that of the gate before (at 10 %: above that of the newest artefact that was gated without
// training, if any), or where the files differ in what must be the same; else "continue". At 100 % the budget decides:
// "finish" on PASS, "undecided" on INCONCLUSIVE, else "stop". None of them opens a rollout: the finished file becomes
// an artefact by `scale quantize --import` and is locked like any other.
#pragma once

#include <filesystem>
#include <string>

#include "record/pass.h"
#include "record/payload.h"

namespace scale::quality {

struct CheckpointGated {
    record::CheckpointGate gate;
    std::string hash;  // of its entry
};

// Needs method = "qat", a training mixture, a budget, and the gates below `percent` on the same mixture (refused
// without). Measures as lock_quality does and appends one checkpoint_gate entry.
CheckpointGated gate_checkpoint(record::Pass& pass, const std::filesystem::path& checkpoint, int percent, int threads);

}  // namespace scale::quality
