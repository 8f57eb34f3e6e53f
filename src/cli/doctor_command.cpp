#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_doctor_command(CLI::App& app, Commands& commands) {
    commands.add(app, "doctor", "not built yet", "scale doctor", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
