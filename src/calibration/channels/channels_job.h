// The worker job "calibration.channels": runs candidate samples through the original and reports the outlier channels
// of every linear layer's input and the samples that reach them (channel_peaks.h).
//
// Bounded: at most `tokens` in all (and never under 2 a sample). Where the samples have more, each is read up to the
// same number of tokens, the largest that keeps within the limit.
//
// Request: {"model": path, "threads": n, "tokens": n, "sequences": [[token, …], …]}. Result: {"layers": [{"layer":
// name, "channels": [{"weight": share, "samples": [position, …]}]}], "tokens": n, "tokens_per_sample": n}.
#pragma once

#include <vector>

#include "calibration/channels/channel_peaks.h"
#include "core/json.h"
#include "engine/job.h"

namespace scale::calibration {

core::Json channels_job(const core::Json& request, engine::JobContext& context);

// The job's result, read again. Throws an input error where it has another form.
std::vector<LayerOutliers> parse_outliers(const core::Json& result);

// The largest cut for which the lengths, each at most the cut, sum to at most `limit`; at least 2.
std::size_t cut_within(const std::vector<std::size_t>& lengths, std::size_t limit);

}  // namespace scale::calibration
