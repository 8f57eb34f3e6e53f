#include "cli/commands.h"
#include "core/error.h"

namespace scale::cli {

void add_quantize_command(CLI::App& app, Commands& commands) {
    commands.add(app, "quantize", "not built yet", "scale quantize", []() -> Ending { throw core::usage_error("not built yet"); });
}

}  // namespace scale::cli
