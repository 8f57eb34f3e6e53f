// The worker jobs of this module as a pass sets them up.
#pragma once

#include <string>

#include "calibration/drawn.h"
#include "core/json.h"
#include "record/pass.h"

namespace scale::calibration {

// Runs a worker job with progress under `label`; `settings` are added to every request. Its log lies in the work folder
// under the part of `name` behind the dot.
Job worker_job(const record::Pass& pass, const std::string& name, const std::string& label, core::Json settings);

// How requests become samples, by [calibration]: tokens at most, and whether the original answers.
SamplingJobs sampling_jobs(const record::Pass& pass);

}  // namespace scale::calibration
