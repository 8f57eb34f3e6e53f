// The worker job "quantize.refine": rounds a stock-quantised file anew where that is better (refine/refine_file.h).
//
// Gathering whole second moments takes time in proportion to tokens; sequences evenly spaced in the set are taken,
// about `tokens` tokens in all.
//
// Request: {"original": path, "target": path, "set": path of a token set, "journal": path, "fingerprint": text,
// "tokens": n, "threads": n}. Result: {"tensors": n that could be refined, "refined": n, "notes": [text], "tokens": n,
// "resumed_at": n tensors that an interrupted run had done}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json refine_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
