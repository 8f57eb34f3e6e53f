#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_worker_command(CLI::App& app, Commands& commands) {
    commands.add(app, "worker", "not built yet", "scale worker", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
