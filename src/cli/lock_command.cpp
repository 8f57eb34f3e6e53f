#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_lock_command(CLI::App& app, Commands& commands) {
    commands.add(app, "lock", "not built yet", "scale lock", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
