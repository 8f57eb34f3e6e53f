#include <cstdlib>
#include <memory>

#include "cli/commands.h"
#include "cli/jobs.h"
#include "engine/job.h"

namespace scale::cli {

// Hidden: the program starts itself with it (engine/job.h). It ends the process, since stdout carries the answer and
// nothing may follow it.
void add_worker_command(CLI::App& app, Commands& commands) {
    auto job = std::make_shared<std::string>();
    CLI::App* command = commands.add(app, "worker", "does one job of engine work for another scale process",
                                     "scale worker engine.selftest_echo",
                                     [job]() -> Ending { std::_Exit(engine::serve_job(all_jobs(), *job)); });
    command->group("");
    command->add_option("job", *job, "name of the job")->required();
}

}  // namespace scale::cli
