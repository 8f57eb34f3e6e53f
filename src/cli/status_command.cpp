#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_status_command(CLI::App& app, Commands& commands) {
    commands.add(app, "status", "not built yet", "scale status", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
