#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_report_command(CLI::App& app, Commands& commands) {
    commands.add(app, "report", "not built yet", "scale report", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
