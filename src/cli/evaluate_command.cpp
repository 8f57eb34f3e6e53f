#include <fmt/format.h>

#include "cli/changed_parts.h"
#include "cli/commands.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "record/pass.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/prepare.h"
#include "rollout/control/serve.h"
#include "rollout/control/status_text.h"

namespace scale::cli {

namespace {

using core::Json;

struct EvaluateOptions {
    rollout::StartRequest start;
    rollout::ServeOptions serve;
    bool foreground = false;
    std::string because;
    std::string response;
    std::string session;
    std::string name;
    std::string value = "true";
    std::string comment;
};

std::vector<std::string> serve_arguments(const rollout::ServeOptions& options) {
    std::vector<std::string> arguments;
    if (!options.listen.empty()) arguments.insert(arguments.end(), {"--listen", options.listen});
    if (!options.durability.empty()) arguments.insert(arguments.end(), {"--durability", options.durability});
    if (options.workers >= 0) arguments.insert(arguments.end(), {"--workers", std::to_string(options.workers)});
    // Relative to where the command was called; the daemon need not stand there.
    const auto name_file = [&](const char* option, const std::string& file) {
        if (!file.empty()) arguments.insert(arguments.end(), {option, std::filesystem::absolute(file).string()});
    };
    name_file("--tls-certificate", options.tls_certificate);
    name_file("--tls-key", options.tls_key);
    if (options.original_only) arguments.push_back("--original-only");
    if (options.resumed) arguments.push_back("--resumed");
    return arguments;
}

Ending start(Commands& commands, const EvaluateOptions& given) {
    record::Pass pass(commands.global().folder);
    EvaluateOptions options = given;
    options.start.who = rollout::person();
    const rollout::PreparedRollout prepared = rollout::prepare_rollout(pass, options.start);
    options.serve.original_only = options.start.original_only;
    options.serve.resumed = prepared.resumed;
    Ending ending;
    ending.json = {{"experiment", prepared.state.experiment},
                   {"epoch", prepared.state.epoch},
                   {"status", rollout::to_string(prepared.state.status)},
                   {"resumed", prepared.resumed},
                   {"share_ppm", options.start.original_only ? 0 : prepared.state.effective_ppm()}};
    if (options.foreground) {
        core::say(prepared.sentence);
        rollout::serve_rollout(pass, options.serve);
        ending.text = "the gateway has stopped";
        ending.next = "scale evaluate start";
        return ending;
    }
    const rollout::GatewayInfo gateway = rollout::start_gateway_daemon(pass.folder(), serve_arguments(options.serve));
    ending.text =
        fmt::format("{}\nserving on {}://{}/v1 (process {}); 'scale evaluate live' gives the address of the live page",
                    prepared.sentence, gateway.certificate.empty() ? "http" : "https", gateway.address, gateway.pid);
    ending.json["address"] = gateway.address;
    ending.json["pid"] = gateway.pid;
    ending.next = "scale evaluate status";
    return ending;
}

Ending serve(Commands& commands, const EvaluateOptions& options) {
    const record::Pass pass(commands.global().folder);
    rollout::serve_rollout(pass, options.serve);
    return {};
}

rollout::GatewayInfo require_gateway(const std::filesystem::path& folder) {
    if (const auto gateway = rollout::running_gateway(folder)) return *gateway;
    throw core::refused("the gateway of this pass does not run", "a running gateway", "scale evaluate start");
}

Ending status(Commands& commands) {
    const record::Pass pass(commands.global().folder);
    Ending ending;
    Json found;
    const auto gateway = rollout::running_gateway(pass.folder());
    if (gateway) {
        const auto answer = rollout::ask_gateway(pass.folder(), *gateway, "GET", "/scale/v1/status");
        if (answer.status != 200)
            throw core::worker_error(
                fmt::format("the gateway answered {}: {}", answer.status, core::canonical(answer.body)));
        found = answer.body;
    } else if (const auto offline = rollout::offline_status(pass)) {
        found = *offline;
    } else {
        ending.text = "no rollout has started; the original is what is served";
        ending.json = {{"running", false}, {"state", nullptr}};
        ending.next = "scale evaluate start";
        return ending;
    }
    const std::string rollout_status = found["state"].value("status", "");
    ending.text =
        gateway ? fmt::format("gateway: process {} on {} since {}\n", gateway->pid, gateway->address, gateway->since)
                : "the gateway does not run; from its state and log:\n";
    ending.text += rollout::status_text(found);
    const StandingOfRollout standing = standing_of_rollout(pass);
    for (const std::string& part : standing.changed) ending.text += "\nchanged since stage S: " + part;
    ending.text += "\n" + standing.traffic;
    ending.json = found;
    ending.json["changed"] = standing.changed;
    ending.json["traffic"] = standing.traffic;
    ending.json["running"] = gateway.has_value();
    if (gateway) ending.json["address"] = gateway->address;
    if (rollout_status == "rolled_back" && found["state"].value("harm", false)) ending.code = exit_code::fail;
    if (!gateway)
        ending.next = rollout_status == "rolled_back" ? "scale evaluate start --original-only" : "scale evaluate start";
    else if (rollout_status == "canary")
        ending.next = "scale evaluate promote (once it is safe), or scale rollback";
    return ending;
}

Ending live(Commands& commands) {
    const auto& folder = commands.global().folder;
    Ending ending;
    const std::string url = rollout::live_page_url(folder, require_gateway(folder));
    ending.text =
        url + "\n(whoever has this address may promote and roll back: what follows the # is the operator's key)";
    ending.json = {{"url", url}};
    return ending;
}

Ending feedback(Commands& commands, const EvaluateOptions& options) {
    if (options.response.empty() && options.session.empty())
        throw core::usage_error("no --response and no --session", "", "name the response that the feedback is about");
    const auto& folder = commands.global().folder;
    Json body = {{"name", options.name}};
    const Json value = Json::parse(options.value, nullptr, false);
    body["value"] = value.is_discarded() || value.is_structured() ? Json(options.value) : value;
    if (!options.response.empty()) body["response_id"] = options.response;
    if (!options.session.empty()) body["session_id"] = options.session;
    if (!options.comment.empty()) body["comment"] = options.comment;
    const auto answer = rollout::ask_gateway(folder, require_gateway(folder), "POST", "/v1/feedback", body);
    Ending ending;
    ending.json = answer.body;
    if (answer.status >= 400)
        throw core::input_error(
            fmt::format("the gateway refused the feedback ({}): {}", answer.status, core::canonical(answer.body)));
    ending.text = "feedback recorded";
    ending.next = "scale evaluate status";
    return ending;
}

Ending action(Commands& commands, const EvaluateOptions& options, const std::string& name) {
    const auto& folder = commands.global().folder;
    const rollout::GatewayInfo gateway = require_gateway(folder);
    const auto answer = rollout::ask_action(folder, gateway, name, options.because);
    const Json refusal = answer.body.value("error", Json::object());
    const std::string message = answer.body.value("message", refusal.value("message", core::canonical(answer.body)));
    if (answer.status == 409)
        throw core::refused(message, "", name == "promote" ? "scale evaluate promote --because \"…\"" : "");
    if (answer.status >= 400)
        throw core::worker_error(fmt::format("the gateway answered {}: {}", answer.status, message));
    Ending ending;
    ending.text = message;
    ending.json = answer.body;
    ending.next = "scale evaluate status";
    if (name == "stop") {
        rollout::await_gateway_end(folder, gateway);
        ending.text += fmt::format("\nthe gateway (process {}) has ended", gateway.pid);
        ending.next = "scale report";
    }
    return ending;
}

void add_serve_options(CLI::App& command, rollout::ServeOptions& options) {
    command.add_option("--listen", options.listen, "ADDRESS:PORT; port 0 takes any free one");
    command.add_option("--durability", options.durability, "relaxed, or strict: answers wait for the log's disk")
        ->check(CLI::IsMember({"relaxed", "strict"}));
    command.add_option("--workers", options.workers, "threads of the gateway; 0: one for each core")
        ->check(CLI::Range(0, 256));
    CLI::Option* certificate =
        command.add_option("--tls-certificate", options.tls_certificate, "PEM file: certificate and chain");
    command.add_option("--tls-key", options.tls_key, "PEM file: private key")->needs(certificate);
}

}  // namespace

void add_evaluate_command(CLI::App& app, Commands& commands) {
    auto options = std::make_shared<EvaluateOptions>();
    CLI::App* evaluate =
        app.add_subcommand("evaluate", "E: serve a slice of the users with the candidate, behind a gateway");
    evaluate->require_subcommand(1);

    CLI::App* sub = commands.add(*evaluate, "start", "archive the original, start both servers and the gateway",
                                 "scale evaluate start --listen 127.0.0.1:8080",
                                 [&commands, options] { return start(commands, *options); });
    sub->add_flag("--foreground", options->foreground, "serve in this process instead of a daemon");
    add_serve_options(*sub, options->serve);
    sub->add_flag("--reset-latch", options->start.reset_latch, "let a candidate that was rolled back try again");
    sub->add_option("--because", options->start.because, "the reason of the reset, for the record");
    sub->add_flag("--slice", options->start.slice, "open a slice even though the stakes are low");
    sub->add_flag("--original-only", options->start.original_only, "serve the original alone");

    sub = commands.add(*evaluate, "serve", "the gateway process", "scale evaluate serve",
                       [&commands, options] { return serve(commands, *options); });
    sub->group("");  // started by `evaluate start`
    add_serve_options(*sub, options->serve);
    sub->add_flag("--original-only", options->serve.original_only);
    sub->add_flag("--resumed", options->serve.resumed);

    commands.add(*evaluate, "status", "arms, share, evidence and verdict", "scale evaluate status --json",
                 [&commands] { return status(commands); });

    commands.add(*evaluate, "live", "the address of the live page, key included", "scale evaluate live",
                 [&commands] { return live(commands); });

    sub = commands.add(*evaluate, "feedback", "tell the gateway how a response fared",
                       "scale evaluate feedback --response chatcmpl-1 --name thumbs_down",
                       [&commands, options] { return feedback(commands, *options); });
    sub->add_option("--response", options->response, "id of the response, or its x-request-id");
    sub->add_option("--session", options->session, "session instead of a response");
    sub->add_option("--name", options->name, "thumbs_down, escalation, downstream_error, or any other")->required();
    sub->add_option("--value", options->value, "true, false, a number or a word")->capture_default_str();
    sub->add_option("--comment", options->comment, "free text");

    add_evaluate_check(*evaluate, commands);
    add_evaluate_export(*evaluate, commands);

    for (const auto& [name, description] : {std::pair{"promote", "give all traffic to the candidate"},
                                            {"pause", "hold the share"},
                                            {"resume", "let the share rise again"},
                                            {"stop", "end the rollout and the gateway; open streams finish"}}) {
        sub = commands.add(*evaluate, name, description, fmt::format("scale evaluate {}", name),
                           [&commands, options, name = std::string(name)] { return action(commands, *options, name); });
        sub->add_option("--because", options->because, "the reason, for the record");
    }
}

}  // namespace scale::cli
