#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_run_command(CLI::App& app, Commands& commands) {
    commands.add(app, "run", "not built yet", "scale run", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
