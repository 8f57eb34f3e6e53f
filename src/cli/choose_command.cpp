#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_choose_command(CLI::App& app, Commands& commands) {
    commands.add(app, "choose", "not built yet", "scale choose", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
