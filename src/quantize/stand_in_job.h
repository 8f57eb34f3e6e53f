// The worker job "quantize.stand_in": a checkpoint for GPU servers that only its speed is measured of.
//
// Weights are rounded to nearest, without calibration: rounding does not change which kernels run, so the stand-in's
// speed is that of the later checkpoint of its format. It has no twin, and no gate judges it. The folder appears whole
// or not at all.
//
// Request: {"original": path, "source": folder, "format": text, "devices": n, "target": folder, "threads": n, "tool":
// text}. Result: {}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json stand_in_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
