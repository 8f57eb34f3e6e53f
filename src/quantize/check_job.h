// The worker job "quantize.check": checks an artefact before anyone may use it.
//
// Steps: every tensor against its original (tensor_check.h); greedy generation of the same prompt from both models,
// which must give finite logits and, where the original answers at all, an answer.
//
// Request: {"original": path, "target": path, "threads": n, "reference": path of the file whose tensors are compared,
// if not the original}. Result: {"bytes": n, "bits_per_weight": x, "tensors":
// [TensorCheck], "prompt", "generated", "original_generated"}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json check_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
