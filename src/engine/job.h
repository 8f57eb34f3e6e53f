// Engine work in a child process.
//
// The parent starts its own program again as `scale worker <job>`, writes the request (one JSON object) to its stdin and
// reads JSON lines from its stdout: {"progress": {"done":…, "total":…, "note":…}} any number of times, then
// {"result": …} or {"error": {"kind":…, "found":…, "expected":…, "next":…}}. The child's stderr (the engine's log) goes
// to a file. A child that dies without a result becomes a core::Error with how it ended and its last log lines.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "core/json.h"
#include "core/progress.h"
#include "engine/thread_waits.h"

namespace scale::engine {

class JobContext {
  public:
    virtual ~JobContext() = default;
    virtual void progress(double done, double total, const std::string& note = {}) = 0;
};

using Job = std::function<core::Json(const core::Json& request, JobContext& context)>;
using Jobs = std::map<std::string, Job>;

// Parent side. `log` receives the child's stderr (truncated at the start of the job).
core::Json run_job(const std::string& name, const core::Json& request, const std::filesystem::path& log,
                   core::Progress* progress = nullptr, ThreadWaits waits = ThreadWaits::brief);

// The program that run_job starts; the running program by default. Tests set it to the real binary.
void set_worker_program(const std::filesystem::path& program);

// Child side: the body of `scale worker <job>`. Returns the exit status.
int serve_job(const Jobs& jobs, const std::string& name);

// A context that ignores progress, for tests that call a job in process.
class QuietContext : public JobContext {
  public:
    void progress(double, double, const std::string&) override {}
};

}  // namespace scale::engine
