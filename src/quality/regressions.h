// The worst of what the candidate lost, for a person to read beside the verdict.
#pragma once

#include "quality/measurements.h"

namespace scale::quality {

// {"tokens": [WorstToken, …], "items": [{"id", "task", "right", "chosen", "original_margin", "candidate_margin"}, …]}:
// the tokens of held-out traffic with the greatest divergence, and the items that went from right to wrong, by how far
// the right answer's lead (nats over the best other option) fell. At most ten each. "answers": written answers that
// went from right to wrong, {"id", "task", "prompt", "original", "candidate", "problem"}; the prompts are generated or
// public.
core::Json worst_regressions(const Measurements& measurements);

}  // namespace scale::quality
