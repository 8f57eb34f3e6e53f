#include <memory>

#include "cli/commands.h"
#include "cli/shell/manual.h"

namespace scale::cli {

namespace {

Ending manual(const CLI::App& app, const std::string& format) {
    const CommandShape program = shape_of(app);
    const std::string text = format == "man"        ? manual_page(program, SCALE_VERSION)
                             : format == "markdown" ? manual_markdown(program)
                                                    : settings_markdown();
    return {exit_code::done, text, {{"format", format}, {"text", text}}, {}};
}

}  // namespace

void add_manual_command(CLI::App& app, Commands& commands) {
    const auto format = std::make_shared<std::string>("man");
    CLI::App* command = commands.add(app, "manual", "print the manual of all commands", "scale manual | man -l -",
                                     [&app, format] { return manual(app, *format); });
    command->add_option("--format", *format, "man; markdown; or settings, the reference of scale.toml")
        ->check(CLI::IsMember({"man", "markdown", "settings"}))
        ->capture_default_str();
}

}  // namespace scale::cli
