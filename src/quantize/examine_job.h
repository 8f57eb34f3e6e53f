// The worker job "quantize.examine": reads the original's weights once, before hours of work (examine/weights.h).
//
// Request: {"original": path}. Result: {"notes": [text]}. Fails, naming the tensor, where weights are not finite.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json examine_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
