#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "constraint/fingerprint_check.h"
#include "core/progress.h"
#include "quality/budget.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

using record::Stage;

// What makes stage S run again although its entry stands: the pass is about something else than was measured.
std::vector<std::string> reasons_to_set_again(const record::Pass& pass, const record::Lineage& lineage) {
    const record::Entry* entry = lineage.current(record::kind::constraint);
    if (!entry) return {};
    return constraint::changed_parts(entry->payload.get<record::Constraint>(), pass);
}

bool is_done(const record::Lineage& lineage, Stage stage) {
    return lineage.status(stage).state == record::StageState::done;
}

struct Step {
    std::string command;
    bool done = false;
    std::string why_done;
};

// The steps of S to L, each with whether the record shows it done. Judged anew before every step, since a step makes
// the later ones stale.
std::vector<Step> steps(const record::Pass& pass, bool set_again) {
    const record::Lineage lineage = pass.lineage();
    const auto why = [&](Stage stage) { return lineage.status(stage).why; };
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    return {
        {"set", is_done(lineage, Stage::constraint) && !set_again, why(Stage::constraint)},
        {"choose", is_done(lineage, Stage::choice), why(Stage::choice)},
        {"lock --declare", false, {}},
        {"assemble", set != nullptr, set ? fmt::format("{} samples", set->payload.value("samples", 0)) : ""},
        {"quantize", is_done(lineage, Stage::calibration), why(Stage::calibration)},
        {"lock", is_done(lineage, Stage::quality), why(Stage::quality)},
    };
}

Ending declare(const GlobalOptions& global) {
    record::Pass pass(global.folder);
    const quality::Declaration declaration = quality::declare_budget(pass);
    return {exit_code::done,
            declaration.unchanged ? "this budget is in force already" : "budget declared",
            {{"budget", declaration.budget}, {"unchanged", declaration.unchanged}},
            {}};
}

Ending run_step(Commands& commands, const std::string& command) {
    return command == "lock --declare" ? declare(commands.global()) : commands.run(command);
}

// A step's result appears when the step ends, not when the whole pass does.
void show(const GlobalOptions& global, const std::string& command, const std::string& text) {
    if (global.json) return;
    fmt::print("--- scale {}\n{}\n\n", command, text);
    std::fflush(stdout);
}

// Adds the step's result to the ending and shows it.
void conclude_step(const GlobalOptions& global, const std::string& command, const Ending& result, Ending& ending) {
    show(global, command, result.text);
    ending.code = result.code;
    ending.next = result.next;
    ending.json["steps"].push_back({{"command", command}, {"skipped", false}, {"result", result.json}});
}

Ending run_pass(Commands& commands, bool deploy) {
    const GlobalOptions& global = commands.global();
    Ending ending;
    ending.json = {{"steps", core::Json::array()}};
    const record::Pass pass(global.folder);
    const std::vector<std::string> changed = reasons_to_set_again(pass, pass.lineage());
    if (!changed.empty()) core::say(fmt::format("stage S is opened again: {}", fmt::join(changed, "; ")));

    const std::size_t count = steps(pass, false).size();
    for (std::size_t i = 0; i < count; ++i) {
        const Step step = steps(pass, i == 0 && !changed.empty())[i];
        if (step.done) {
            show(global, step.command, "done already: " + step.why_done);
            ending.json["steps"].push_back({{"command", step.command}, {"skipped", true}});
            continue;
        }
        core::say(fmt::format("scale {} …", step.command));
        conclude_step(global, step.command, run_step(commands, step.command), ending);
        if (ending.code != exit_code::done) {
            ending.text = fmt::format("the pass stops at scale {}", step.command);
            return ending;
        }
    }
    ending.text = "stages S to L are done";
    ending.next = "scale evaluate start";
    if (deploy) conclude_step(global, "evaluate start", commands.run("evaluate start"), ending);
    return ending;
}

}  // namespace

void add_run_command(CLI::App& app, Commands& commands) {
    const auto deploy = std::make_shared<bool>(false);
    CLI::App* command = commands.add(
        app, "run", "every stage from S to L, from where the record stands; stops at the first that does not end well",
        "scale run --dir my-pass --deploy", [&commands, deploy] { return run_pass(commands, *deploy); });
    command->add_flag("--deploy", *deploy, "and start stage E");
}

}  // namespace scale::cli
