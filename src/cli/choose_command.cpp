#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "choice/choose.h"
#include "choice/qat/write.h"
#include "choice/table.h"
#include "cli/commands.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

Ending choose(const GlobalOptions& global, const choice::ChooseOptions& options) {
    record::Pass pass(global.folder);
    const record::Decision decision = choice::choose_type(pass, options);
    Ending ending;
    ending.text = choice::candidate_table(decision.candidates);
    ending.text += fmt::format("\nDecision: {} ({}), by the rule {}: {}.", decision.type, decision.format,
                               decision.rule, decision.reason);
    if (!decision.because.empty()) ending.text += "\nBecause: " + decision.because;
    ending.json = decision;
    const bool declared = pass.lineage().current(record::kind::budget) != nullptr;
    ending.next =
        declared ? "scale assemble" : "scale lock --declare (the bar, before any result), then scale assemble";
    return ending;
}

// --qat-plan without a path: the one that scale.toml names, or else qat-plan.md in the pass folder.
std::filesystem::path plan_path(const record::Pass& pass, const std::string& given) {
    if (!given.empty()) return given;
    const std::string& stated = pass.file().choice.qat_plan;
    return pass.resolve(stated.empty() ? "qat-plan.md" : stated);
}

Ending write_plan(const record::Pass& pass, const std::filesystem::path& path, const choice::ChooseOptions& options) {
    const choice::WrittenPlan plan = choice::write_qat_plan(pass, path, options.type);
    Ending ending;
    ending.text = fmt::format(
        "Wrote the QAT plan for {} to {}. Nothing is decided: read it, change what does not fit, and "
        "put a name and a date behind \"Accepted by:\".",
        plan.type, plan.path.string());
    ending.json = {{"plan", plan.path.string()}, {"type", plan.type}, {"accepted", false}};
    ending.next = fmt::format("scale lock --declare, then scale choose --qat-plan {}", plan.path.string());
    return ending;
}

Ending run(const GlobalOptions& global, choice::ChooseOptions options, bool plan_asked) {
    if (plan_asked) {
        const record::Pass pass(global.folder);
        const std::filesystem::path path = plan_path(pass, options.qat_plan);
        if (!std::filesystem::exists(path)) return write_plan(pass, path, options);
        options.qat_plan = path.string();
    }
    return choose(global, options);
}

}  // namespace

void add_choose_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<choice::ChooseOptions>();
    const auto plan = std::make_shared<CLI::Option*>();  // known once the command is
    CLI::App* command = commands.add(
        app, "choose", "C: choose precision and format by a kernel trial on this machine", "scale choose --dir my-pass",
        [&commands, options, plan] { return run(commands.global(), *options, (*plan)->count() > 0); });
    command->add_option("--type", options->type, "pin a candidate, such as Q5_K_M; needs --because");
    command->add_option("--because", options->because, "reason for the pin, or for going on with no type on target");
    *plan = command
                ->add_option("--qat-plan", options->qat_plan,
                             "QAT plan (Markdown): written where there is none, for --type or the best that fits; once "
                             "accepted, it unlocks types below 4 bits")
                ->expected(0, 1)
                ->type_name("FILE");
}

}  // namespace scale::cli
