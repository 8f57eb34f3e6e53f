#include <csignal>
#include <cstdio>
#include <pwd.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/terminal/fit.h"
#include "cli/terminal/interrupt.h"
#include "cli/terminal/next_command.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/model.h"
#include "record/tool.h"

namespace {

using namespace scale;

// Who writes to the record: program, engine and the user who started it.
std::string tool() {
    const passwd* user = ::getpwuid(::geteuid());
    return fmt::format("scale {}, {}, {}", SCALE_VERSION, engine::engine_version(),
                       user ? std::string(user->pw_name) : fmt::format("user {}", ::geteuid()));
}

int exit_code_of(core::ErrorKind kind) {
    switch (kind) {
        case core::ErrorKind::usage:
            return cli::exit_code::usage;
        case core::ErrorKind::refused:
            return cli::exit_code::refused;
        case core::ErrorKind::input:
        case core::ErrorKind::io:
        case core::ErrorKind::worker:
            return cli::exit_code::error;
    }
    return cli::exit_code::error;
}

const char* label_of(core::ErrorKind kind) {
    return kind == core::ErrorKind::refused ? "refused" : "error";
}

int report(const core::Error& error, const CLI::App& app, const cli::Commands& commands) {
    const cli::GlobalOptions& global = commands.global();
    const int code = exit_code_of(error.kind());
    std::string text = fmt::format("{}: {}\n", label_of(error.kind()), error.found());
    if (!error.expected().empty()) text += fmt::format("expected: {}\n", error.expected());
    if (!error.next().empty()) text += fmt::format("next: {}\n", cli::with_folder(error.next(), global.folder, app));
    fmt::print(stderr, "{}", cli::for_terminal(text, STDERR_FILENO));
    if (global.json) {
        const core::Json object = {{"command", commands.chosen_name()},
                                   {"exit_code", code},
                                   {"error",
                                    {{"kind", label_of(error.kind())},
                                     {"found", error.found()},
                                     {"expected", error.expected()},
                                     {"next", error.next()}}}};
        fmt::print("{}\n", core::canonical(object));
    }
    return code;
}

int conclude(cli::Ending ending, const CLI::App& app, const cli::Commands& commands) {
    const cli::GlobalOptions& global = commands.global();
    if (global.json) {
        if (!ending.json.is_object()) ending.json = core::Json::object();
        ending.json["command"] = commands.chosen_name();
        ending.json["exit_code"] = ending.code;
        ending.json["next"] = ending.next;
        fmt::print("{}\n", core::canonical(ending.json));
    } else {
        std::string text = ending.text.empty() ? "" : ending.text + "\n";
        if (!ending.next.empty()) text += "\nnext: " + cli::with_folder(ending.next, global.folder, app) + "\n";
        fmt::print("{}", cli::for_terminal(text, STDOUT_FILENO));
    }
    if (std::fflush(stdout) != 0) return cli::exit_code::error;
    return ending.code;
}

}  // namespace

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app{"scale: from a constraint to a quantised language model in production"};
    app.set_version_flag("--version", SCALE_VERSION);
    app.require_subcommand(1);
    cli::Commands commands;
    cli::add_init_command(app, commands);
    cli::add_set_command(app, commands);
    cli::add_choose_command(app, commands);
    cli::add_assemble_command(app, commands);
    cli::add_quantize_command(app, commands);
    cli::add_lock_command(app, commands);
    cli::add_evaluate_command(app, commands);
    cli::add_rollback_command(app, commands);
    cli::add_run_command(app, commands);
    cli::add_status_command(app, commands);
    cli::add_checklist_command(app, commands);
    cli::add_report_command(app, commands);
    cli::add_bundle_command(app, commands);
    cli::add_verify_command(app, commands);
    cli::add_doctor_command(app, commands);
    cli::add_completion_command(app, commands);
    cli::add_manual_command(app, commands);
    cli::add_worker_command(app, commands);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        const int status = app.exit(problem);
        return status == 0 ? cli::exit_code::done : cli::exit_code::usage;
    }
    const cli::GlobalOptions& global = commands.global();
    if (global.quiet) core::set_verbosity(core::Verbosity::quiet);
    if (global.verbose) core::set_verbosity(core::Verbosity::verbose);
    record::set_tool_name(tool());
    if (commands.resumes()) cli::explain_interruption(cli::shell_line(argc, argv));
    try {
        return conclude(commands.run(), app, commands);
    } catch (const core::Error& error) {
        return report(error, app, commands);
    } catch (const std::exception& error) {
        return report(core::worker_error(std::string("internal error: ") + error.what(), {},
                                         "this is a fault of scale; please report it with the command line"),
                      app, commands);
    }
}
