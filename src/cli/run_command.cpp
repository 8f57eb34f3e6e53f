#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "cli/commands.h"
#include "constraint/fingerprint_check.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "core/text.h"
#include "forecast/forecast.h"
#include "quality/budget.h"
#include "record/pass.h"
#include "record/reopened.h"

namespace scale::cli {

namespace {

using record::Stage;

constexpr const char* declare_command = "lock --declare";

// What makes stage S run again although its entry stands: the pass is about something else than was measured.
std::vector<std::string> reasons_to_set_again(const record::Pass& pass, const record::Lineage& lineage) {
    const record::Entry* entry = lineage.current(record::kind::constraint);
    if (!entry) return {};
    return record::with_reopening(lineage.entries,
                                  constraint::changed_parts(entry->payload.get<record::Constraint>(), pass));
}

bool is_done(const record::Lineage& lineage, Stage stage) {
    return lineage.status(stage).state == record::StageState::done;
}

struct Step {
    std::string command;
    Stage stage;
    bool done = false;
    std::string why_done;
    bool always = false;  // runs although it is done: to compare, or to say again what came of it; leaves no entry then
};

// The steps of S to L, each with whether the record shows it done. Judged anew before every step, since a step makes
// the later ones stale.
std::vector<Step> steps(const record::Lineage& lineage, bool set_again) {
    const auto why = [&](Stage stage) { return lineage.status(stage).why; };
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    return {
        {"set", Stage::constraint, is_done(lineage, Stage::constraint) && !set_again, why(Stage::constraint)},
        {"choose", Stage::choice, is_done(lineage, Stage::choice), why(Stage::choice)},
        {declare_command, Stage::quality, lineage.current(record::kind::budget) != nullptr, "the budget is in force",
         true},
        {"assemble", Stage::calibration, set != nullptr,
         set ? fmt::format("{} samples", set->payload.value("samples", 0)) : ""},
        {"quantize", Stage::calibration, is_done(lineage, Stage::calibration), why(Stage::calibration)},
        {"lock", Stage::quality, lineage.current(record::kind::verdict) != nullptr, why(Stage::quality),
         !is_done(lineage, Stage::quality)},
    };
}

// The steps from `first` on that a run would do: what builds on a step that is done again is done again, too.
std::vector<Step> left_of(const std::vector<Step>& all, std::size_t first) {
    std::vector<Step> left;
    bool constraint_new = false, inputs_new = false, bar_new = false;
    for (std::size_t i = first; i < all.size(); ++i) {
        const std::string& command = all[i].command;
        const bool declares = command == declare_command;
        const bool stale = declares ? constraint_new : inputs_new || (command == "lock" && bar_new);
        if (all[i].done && !stale) continue;
        left.push_back(all[i]);
        (declares ? bar_new : inputs_new) = true;
        constraint_new = constraint_new || command == "set";
    }
    return left;
}

std::vector<record::Forecast> forecasts(const record::Pass& pass, const record::Lineage& lineage,
                                        const std::vector<Step>& left) {
    if (left.empty()) return {};
    const forecast::Facts facts = forecast::gather(pass, lineage, left.front().command == "set");
    std::vector<record::Forecast> result;
    for (const Step& step : left) result.push_back(forecast::forecast(step.command, facts, lineage));
    return result;
}

// As forecasts(); none where what is there cannot be read, which the step itself will say better.
std::vector<record::Forecast> forecasts_if_possible(const record::Pass& pass, const record::Lineage& lineage,
                                                    const std::vector<Step>& left) {
    try {
        return forecasts(pass, lineage, left);
    } catch (const core::Error& error) {
        core::say_detail("no forecast: " + error.found());
        return {};
    }
}

// Under the work lock, so that a run beside another command leaves nothing.
void record_forecast(record::Pass& pass, const Step& step, const record::Forecast& expected) {
    const record::WorkLock lock(pass.folder(), "scale run");
    pass.store().append({step.stage, record::kind::forecast, {}, expected});
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
    return command == declare_command ? declare(commands.global()) : commands.run(command);
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
    record::Pass pass(global.folder);
    const std::vector<std::string> changed = reasons_to_set_again(pass, pass.lineage());
    if (!changed.empty()) core::say(fmt::format("stage S is opened again: {}", fmt::join(changed, "; ")));

    const std::size_t count = steps(pass.lineage(), false).size();
    bool announced = false;
    for (std::size_t i = 0; i < count; ++i) {
        const record::Lineage lineage = pass.lineage();
        const std::vector<Step> all = steps(lineage, i == 0 && !changed.empty());
        const Step& step = all[i];
        if (!step.done) {
            const auto expected = forecasts_if_possible(pass, lineage, left_of(all, i));
            if (!expected.empty()) {
                forecast::require_room(expected, global.folder);
                if (!announced) core::say(forecast::announcement(expected));
                announced = true;
                record_forecast(pass, step, expected.front());
            }
        }
        if (step.done && !step.always) {
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

Ending dry_run(const GlobalOptions& global) {
    const record::Pass pass(global.folder);
    const record::Lineage lineage = pass.lineage();
    const std::vector<std::string> changed = reasons_to_set_again(pass, lineage);
    const std::vector<Step> all = steps(lineage, !changed.empty());
    const std::vector<Step> left = left_of(all, 0);
    Ending ending;
    ending.json = {{"steps", core::Json::array()}, {"free_disk", core::free_space(global.folder)}};
    if (left.empty()) {
        ending.text = "Nothing is left to do but to compare the budget of scale.toml with the declared one. " +
                      lineage.status(Stage::quality).why;
        ending.next = is_done(lineage, Stage::quality) ? "scale evaluate start" : "scale report";
        return ending;
    }
    const std::vector<record::Forecast> expected = forecasts(pass, lineage, left);
    for (const record::Forecast& step : expected) ending.json["steps"].push_back(step);
    const forecast::Total sum = forecast::total(expected);
    ending.json["total"] = {{"seconds", sum.seconds}, {"memory", sum.memory}, {"disk", sum.disk}, {"kept", sum.kept}};
    ending.text = "Nothing was done. scale run would do, from where the pass stands:\n\n" +
                  forecast::to_text(expected) + forecast::room_line(expected, global.folder);
    ending.next = "scale run";
    return ending;
}

}  // namespace

void add_run_command(CLI::App& app, Commands& commands) {
    const auto deploy = std::make_shared<bool>(false);
    const auto dry = std::make_shared<bool>(false);
    CLI::App* command = commands.add(
        app, "run", "every stage from S to L, from where the record stands; stops at the first that does not end well",
        "scale run --dir my-pass --deploy",
        [&commands, deploy, dry] { return *dry ? dry_run(commands.global()) : run_pass(commands, *deploy); });
    command->add_flag("--deploy", *deploy, "and start stage E");
    command->add_flag("--dry-run", *dry,
                      "what it would do, and the time, memory and disk that each step will take; do nothing");
}

}  // namespace scale::cli
