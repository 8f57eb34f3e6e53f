#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_set_command(CLI::App& app, Commands& commands) {
    commands.add(app, "set", "not built yet", "scale set", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
