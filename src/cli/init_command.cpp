#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_init_command(CLI::App& app, Commands& commands) {
    commands.add(app, "init", "not built yet", "scale init", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
