// The engine work of stage S: what the original takes and how fast it is, on this machine.
#pragma once

#include <filesystem>

#include "constraint/judgement.h"
#include "core/progress.h"
#include "engine/job.h"

namespace scale::constraint {

inline constexpr const char* measure_job_name = "constraint.measure";

struct MeasureRequest {
    std::string model;  // path
    record::Workload workload;
    int threads = 1;
    int rounds = 3;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MeasureRequest, model, workload, threads, rounds)

// Parent side: measures in a worker process.
Measurement measure(const MeasureRequest& request, const std::filesystem::path& log, core::Progress* progress);

// Worker side.
core::Json measure_job(const core::Json& request, engine::JobContext& context);

}  // namespace scale::constraint
