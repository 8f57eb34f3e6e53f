// The worker job "quantize.statistics": runs the calibration set through the original and sums the squares of every
// linear layer's inputs (engine/activations.h), of samples at even and at odd places apart; what differs between those
// halves tells whether the samples are enough (examine/halves.h).
//
// Every `every` sequences the sums so far are written beside `target` with a note of how far they reach, so that a
// killed run goes on where it was. The note carries a fingerprint of everything that the sums depend on; another
// fingerprint starts anew. Resumed and uninterrupted runs give the same sums, since sequences are run one by one in
// order.
// A sample on which inputs are not finite ends the job, naming layer and sample.
//
// Request: {"model": path, "set": path of a token set, "target": path of the statistics file, "fingerprint": text,
// "threads": n, "every": n}. Result: {"tokens": n, "sequences": n, "resumed_at": n,
// "stability": record::StatisticsStability}.
#pragma once

#include "core/json.h"
#include "engine/job.h"

namespace scale::quantize {

core::Json statistics_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::quantize
