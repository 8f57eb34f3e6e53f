#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_rollback_command(CLI::App& app, Commands& commands) {
    commands.add(app, "rollback", "not built yet", "scale rollback", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
