// The worker job "quantize.import": the weights of a trained model, bit-exact, in a file of the artefact's types
// (import/import_file.h).
//
// Request: {"original": path, "trained": path, "target": path, "threads": n}. Refuses a trained file with another
// architecture or tokenizer than the original's. Result: {"tensors": [{"tensor", "type", "trained_type", "weights",
// "how"}], "weights": n compared, all equal}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json import_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
