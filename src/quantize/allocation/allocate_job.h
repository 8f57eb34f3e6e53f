// The worker job "quantize.allocate": searches the types of an artefact (allocate.h).
//
// Request: {"original": path, "model_sha256": digest, "set": path of a token set, "mix": name, "budget_bytes": n, 0 for
// the mix's, "allowed": [type, …], "work_folder": path, "journal": path, "fingerprint": text, "threads": n}. Result:
// {"plan": the plan as in plan.h, "resumed_at": n figures that an interrupted run had measured, "stock_kl": x,
// "mix_bytes": n, "probes": n, "swaps_tried": n, "swaps_accepted": n}.
//
// And "quantize.plan": what a stock mix, or given types over it, would take. Request: {"original": path, "mix": name,
// "types": {tensor: type}}. Result: {"file_bytes": n, "tensor_bytes": n, "bits_per_weight": x, "types": {tensor: type}}
// with the types that the engine would really write.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json allocate_job(const core::Json& request, engine::JobContext& context);
core::Json plan_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
