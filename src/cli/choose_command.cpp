#include <memory>

#include <fmt/format.h>

#include "choice/choose.h"
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

}  // namespace

void add_choose_command(CLI::App& app, Commands& commands) {
    const auto options = std::make_shared<choice::ChooseOptions>();
    CLI::App* command = commands.add(app, "choose", "C: choose precision and format by a kernel trial on this machine",
                                     "scale choose --dir my-pass",
                                     [&commands, options] { return choose(commands.global(), *options); });
    command->add_option("--type", options->type, "pin a candidate, such as Q5_K_M; needs --because");
    command->add_option("--because", options->because, "reason for the pin, or for going on with no type on target");
    command->add_option("--qat-plan", options->qat_plan, "accepted QAT plan (Markdown); unlocks types below 4 bits");
}

}  // namespace scale::cli
