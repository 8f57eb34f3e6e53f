#include <fmt/format.h>

#include "cli/commands.h"
#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "record/pass.h"
#include "record/payload.h"
#include "rollout/assignment/assigner.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/rollout_controller.h"
#include "rollout/handoff/manifests.h"

namespace scale::cli {

namespace {

using core::Json;

struct ExportOptions {
    std::string format = "httproute";
    rollout::ManifestNames names;
    std::string output;
};

// What the running gateway serves; where none runs, what the next one would.
rollout::RolloutPosition position_of(const record::Pass& pass) {
    rollout::RolloutPosition position;
    position.steps = pass.file().rollout.steps;
    if (const auto gateway = rollout::running_gateway(pass.folder())) {
        const auto answer = rollout::ask_gateway(pass.folder(), *gateway, "GET", "/scale/v1/status");
        if (answer.status != 200)
            throw core::worker_error(
                fmt::format("the gateway answered {}: {}", answer.status, core::canonical(answer.body)));
        position.state = rollout::rollout_state_from_json(answer.body.at("state"), "the gateway's status");
        position.share_ppm = answer.body.value("share_ppm", std::int64_t{0});
    } else if (const auto loaded = rollout::StateFile(rollout::rollout_folder(pass.folder())).load(); loaded.state) {
        position.state = *loaded.state;
        position.share_ppm = loaded.state->effective_ppm();
    } else {
        throw core::refused(loaded.problem.empty() ? "no rollout has started" : loaded.problem,
                            "a rollout, open or ended", "scale evaluate start");
    }
    const auto& file = pass.file();
    position.server_options = {"-c",      std::to_string(file.deploy.context * file.rollout.parallel),
                               "-np",     std::to_string(file.rollout.parallel),
                               "--alias", std::filesystem::path(file.model.path).stem().string()};
    return position;
}

Ending write_manifests(Commands& commands, const ExportOptions& options) {
    const record::Pass pass(commands.global().folder);
    const rollout::RolloutPosition position = position_of(pass);
    const bool whole_percents = options.format != "httproute";
    if (whole_percents && position.share_ppm % (rollout::whole_ppm / 100) != 0)
        core::say(
            fmt::format("{:g} % is no whole percent: rounded down", static_cast<double>(position.share_ppm) / 1e4));
    std::vector<Json> objects;
    if (options.format == "kserve") {
        objects.push_back(rollout::inference_service(position, options.names));
    } else if (options.format == "argo") {
        objects = rollout::argo_rollout(position, options.names);
    } else {
        objects.push_back(rollout::http_route(position, options.names));
    }
    Ending ending;
    ending.json = {{"format", options.format}, {"share_ppm", position.share_ppm}, {"objects", objects}};
    ending.text = rollout::yaml_documents(objects);
    ending.text.pop_back();
    if (options.output.empty()) return ending;
    core::write_file_atomic(options.output, ending.text + "\n");
    ending.text = fmt::format("{} objects written to {}", objects.size(), options.output);
    ending.next = "kubectl apply -f " + options.output;
    return ending;
}

}  // namespace

void add_evaluate_export(CLI::App& evaluate, Commands& commands) {
    auto options = std::make_shared<ExportOptions>();
    CLI::App* sub = commands.add(evaluate, "export", "the present step as Kubernetes objects",
                                 "scale evaluate export --format argo --verdict-url http://gateway/scale/v1/verdict",
                                 [&commands, options] {
                                     ExportOptions given = *options;
                                     if (given.names.name.empty())
                                         given.names.name = record::Pass(commands.global().folder).file().rollout.flag;
                                     return write_manifests(commands, given);
                                 });
    rollout::ManifestNames& names = options->names;
    sub->add_option("--format", options->format, "httproute (Gateway API), kserve or argo (Argo Rollouts)")
        ->check(CLI::IsMember({"httproute", "kserve", "argo"}))
        ->capture_default_str();
    sub->add_option("--name", names.name, "of the objects; by default the flag");
    sub->add_option("--namespace", names.name_space, "of the objects");
    sub->add_option("--original-service", names.original_service)->capture_default_str();
    sub->add_option("--candidate-service", names.candidate_service)->capture_default_str();
    sub->add_option("--port", names.port, "of both services")->check(CLI::Range(1, 65535))->capture_default_str();
    sub->add_option("--gateway", names.gateway, "httproute: its parent")->capture_default_str();
    sub->add_option("--hostname", names.hostname, "httproute: that it answers to");
    sub->add_option("--storage-uri", names.storage_uri, "kserve: the candidate's file");
    sub->add_option("--image", names.image, "kserve: a container image with llama-server");
    sub->add_option("--deployment", names.deployment, "argo: that the Rollout takes over; by default the name");
    sub->add_option("--verdict-url", names.verdict_url, "argo: our /scale/v1/verdict as the cluster reaches it");
    sub->add_option("--output", options->output, "a file instead of standard output");
}

}  // namespace scale::cli
