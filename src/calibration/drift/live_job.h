// The worker job "calibration.live": how held-out texts and new ones fare with the original and the artefact
// (live_run.h).
//
// Bounded: the calibration set is read up to `tokens` tokens, held-out and new texts together up to twice that, and
// all of them up to the same length, which is at most 512 tokens.
//
// Request: {"original": path, "artefact": path, "threads": n, "tokens": n, "set": [[token, …], …], "held_out":
// likewise, "live": likewise}. Result: {"held_out": [[above, seen, kl, tokens], …], "live": likewise}.
#pragma once

#include <vector>

#include "calibration/drift/live_run.h"
#include "core/json.h"
#include "engine/job.h"

namespace scale::calibration {

core::Json live_job(const core::Json& request, engine::JobContext& context);

std::vector<TextRun> parse_runs(const core::Json& result, const char* side);

}  // namespace scale::calibration
