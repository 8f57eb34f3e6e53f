#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_checklist_command(CLI::App& app, Commands& commands) {
    commands.add(app, "checklist", "not built yet", "scale checklist", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
