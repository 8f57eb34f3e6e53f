// What `scale init` and `scale doctor` say of a model.
#pragma once

#include <filesystem>
#include <string>

#include "core/json.h"
#include "engine/job.h"
#include "model/summary.h"
#include "record/payload.h"

namespace scale::cli {

// "llama, 134.5 M parameters, F16 (16.00 bits per weight), 256.6 MiB, context 8192".
std::string describe(const model::ModelSummary& summary);

// The job "cli.estimate_memory": request {"model": path, "workload": Workload}, result Memory.
core::Json estimate_memory_job(const core::Json& request, engine::JobContext& context);

// Runs that job in a child process. Throws where the engine cannot open the model.
record::Memory planned_memory(const std::filesystem::path& model, const record::Workload& workload);

// A memory target that a candidate of about 4 to 7 bits meets and the original does not: the plan of the original with
// its weights at 7.2 bits each. 0 where the original is no larger than that.
double suggested_memory_mib(const model::ModelSummary& summary, const record::Memory& planned);

}  // namespace scale::cli
