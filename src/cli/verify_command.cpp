#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_verify_command(CLI::App& app, Commands& commands) {
    commands.add(app, "verify", "not built yet", "scale verify", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
