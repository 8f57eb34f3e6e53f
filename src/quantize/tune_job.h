// The worker job "quantize.tune": tunes a quantised file in place against the end loss (tune/tune_file.h).
//
// Request: {"original": path, "target": path, "set": path of a token set, "threads": n}. Result: {"unsupported": text,
// "kept": bool, "before": nats, "after": nats, "tokens": n that trained, "held_out_tokens": n}; "unsupported" says why
// nothing was tried and is empty otherwise.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json tune_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
