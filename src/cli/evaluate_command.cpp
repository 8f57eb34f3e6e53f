#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_evaluate_command(CLI::App& app, Commands& commands) {
    commands.add(app, "evaluate", "not built yet", "scale evaluate", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
