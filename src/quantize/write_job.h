// The worker job "quantize.write": writes the artefact and checks it before anyone may use it.
//
// Steps: engine::quantize with the statistics; reopening the file; every tensor against its original (tensor_check.h);
// greedy generation of the same prompt from both models, which must give finite logits and, where the original answers
// at all, an answer. The file is synced to disk at the end.
//
// Request: {"original": path, "target": path, "mix": name, "statistics": path, "threads": n}. Result: {"bytes": n,
// "bits_per_weight": x, "tensors": [TensorCheck], "prompt", "generated", "original_generated"}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json write_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
