// The worker job "calibration.answer": the original's own answers to requests whose answer was not logged, so that the
// set holds what the model meets while it answers (self-calibration; research/quality.md §1.1). Greedy, from the
// model's chat template.
//
// Request: {"model": path, "threads": n, "max_tokens": n, "answer_tokens": n, "requests": […]} with items as in
// tokenize_job.h. Result: {"answers": [{"position", "answer"}]}. A request that leaves no room within max_tokens, that
// the template refuses, or to which the model says nothing, is left out.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::calibration {

core::Json answer_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::calibration
