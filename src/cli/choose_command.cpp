#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "choice/choose.h"
#include "choice/qat/write.h"
#include "choice/table.h"
#include "cli/commands.h"
#include "core/error.h"
#include "quantize/produce/server_stand_in.h"
#include "record/pass.h"

namespace scale::cli {

namespace {

Ending choose(const GlobalOptions& global, const choice::ChooseOptions& options) {
    record::Pass pass(global.folder);
    const record::DecisionAtServers made = choice::choose_type(pass, options);
    const record::Decision& decision = made.decision;
    Ending ending;
    ending.text = choice::candidate_table(decision.candidates);
    if (const std::string servers = choice::server_table(made); !servers.empty()) ending.text += "\n" + servers;
    ending.text += fmt::format("\nDecision: {} ({}), by the rule {}: {}.", decision.type, decision.format,
                               decision.rule, decision.reason);
    if (!decision.because.empty()) ending.text += "\nBecause: " + decision.because;
    ending.json = made;
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

// "w8a8=FOLDER": each one written; nothing is decided.
Ending write_stand_ins(const GlobalOptions& global, const std::vector<std::string>& wanted) {
    const record::Pass pass(global.folder);
    const record::WorkLock lock(pass.folder(), "scale choose");
    Ending ending;
    ending.json = {{"stand_ins", core::Json::array()}};
    std::string endpoints;
    for (const std::string& text : wanted) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals + 1 == text.size())
            throw core::usage_error("--stand-in does not say where to write: " + text, "a format, '=' and a folder",
                                    "scale choose --stand-in w8a8=FOLDER");
        const std::string format = text.substr(0, equals), folder = text.substr(equals + 1);
        quantize::write_server_stand_in(pass, format, folder);
        ending.text += fmt::format("{}Wrote a stand-in in {} to {}: rounded to nearest, for measuring its speed alone.",
                                   ending.text.empty() ? "" : "\n", format, folder);
        ending.json["stand_ins"].push_back({{"format", format}, {"folder", folder}});
        endpoints += fmt::format(" --endpoint {}=URL", format);
    }
    ending.next = "vllm serve for each and for the original, then scale choose --endpoint original=URL" + endpoints;
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
    const auto stand_ins = std::make_shared<std::vector<std::string>>();
    const auto plan = std::make_shared<CLI::Option*>();  // known once the command is
    CLI::App* command =
        commands.add(app, "choose", "C: choose precision and format by a kernel trial on this machine or at servers",
                     "scale choose --dir my-pass", [&commands, options, stand_ins, plan] {
                         if (!stand_ins->empty() && !options->servers.endpoints.empty())
                             throw core::usage_error("--stand-in and --endpoint together",
                                                     "stand-ins first, then the servers that load them",
                                                     "scale choose --stand-in w8a8=FOLDER");
                         if (!stand_ins->empty()) return write_stand_ins(commands.global(), *stand_ins);
                         return run(commands.global(), *options, (*plan)->count() > 0);
                     });
    command->add_option("--type", options->type, "pin a candidate, such as Q5_K_M; needs --because");
    command->add_option("--because", options->because, "reason for the pin, or for going on with no type on target");
    *plan = command
                ->add_option("--qat-plan", options->qat_plan,
                             "QAT plan (Markdown): written where there is none, for --type or the best that fits; once "
                             "accepted, it unlocks types below 4 bits")
                ->expected(0, 1)
                ->type_name("FILE");
    command
        ->add_option("--endpoint", options->servers.endpoints,
                     "target vllm: the server of the original or of a candidate's checkpoint (original=URL, w8a8=URL), "
                     "once for each; the trial runs there")
        ->type_name("NAME=URL")
        ->allow_extra_args(false);
    command
        ->add_option("--stand-in", *stand_ins,
                     "target vllm: writes a checkpoint in this format to serve for --endpoint, rounded to nearest "
                     "without calibration; decides nothing")
        ->type_name("FORMAT=FOLDER")
        ->allow_extra_args(false);
    command->add_option("--key-variable", options->servers.key_variable,
                        "environment variable that holds the servers' API key");
}

}  // namespace scale::cli
