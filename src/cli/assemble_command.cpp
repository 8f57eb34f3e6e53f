#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_assemble_command(CLI::App& app, Commands& commands) {
    commands.add(app, "assemble", "not built yet", "scale assemble", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
