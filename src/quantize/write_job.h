// The worker job "quantize.write": the artefact by llama.cpp's quantiser with activation statistics, synced to disk.
//
// Request: {"original": path, "target": path, "mix": name, "types": {tensor: type} over the mix's, "statistics": path,
// "threads": n}. Result: {"bytes": n, "notes": [text]}: what is unusual about the inputs, and which tensors fell back to
// another type.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json write_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
