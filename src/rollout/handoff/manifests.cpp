#include "rollout/handoff/manifests.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "core/error.h"
#include "rollout/assignment/assigner.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::int64_t ppm_of_percent = whole_ppm / 100;

bool is_label(const std::string& text) {
    const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    return !text.empty() && text.size() <= 63 && alphanumeric(text.front()) && alphanumeric(text.back()) &&
           std::all_of(text.begin(), text.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
}

void require_label(const std::string& text, const char* option) {
    if (!is_label(text))
        throw core::usage_error(fmt::format("{} is '{}'", option, text),
                                "a DNS label: at most 63 lower-case letters, digits and '-', none at an end");
}

void require(const std::string& text, const char* option, const char* what) {
    if (text.empty()) throw core::usage_error(fmt::format("no {}", option), what);
}

Json metadata(const RolloutPosition& position, const ManifestNames& names, const std::string& name) {
    require_label(name, "--name");
    Json data = {{"name", name},
                 {"annotations",
                  {{"scale.rollout/experiment", position.state.experiment},
                   {"scale.rollout/epoch", std::to_string(position.state.epoch)},
                   {"scale.rollout/status", to_string(position.state.status)},
                   {"scale.rollout/share-ppm", std::to_string(position.share_ppm)},
                   {"scale.rollout/original-sha256", position.state.original_sha256},
                   {"scale.rollout/candidate-sha256", position.state.candidate_sha256}}}};
    if (!names.name_space.empty()) {
        require_label(names.name_space, "--namespace");
        data["namespace"] = names.name_space;
    }
    return data;
}

std::int64_t percent(std::int64_t ppm) {
    return ppm / ppm_of_percent;
}

// Nobody who is not this machine may ask without a key.
Json verdict_metric(const ManifestNames& names, const std::string& success) {
    Json metric = {{"name", "scale-verdict"},
                   {"successCondition", success},
                   {"failureCondition", "result.verdict == \"harm\""},
                   {"provider",
                    {{"web",
                      {{"url", names.verdict_url},
                       {"jsonPath", "{$}"},
                       {"timeoutSeconds", 10},
                       {"headers", Json::array({{{"key", "Authorization"}, {"value", "Bearer {{args.key}}"}}})}}}}}};
    return metric;
}

Json analysis_template(const RolloutPosition& position, const ManifestNames& names, const std::string& suffix,
                       Json metric) {
    const Json key = {{"name", "key"},
                      {"valueFrom", {{"secretKeyRef", {{"name", names.name + "-scale-key"}, {"key", "token"}}}}}};
    return {{"apiVersion", "argoproj.io/v1alpha1"},
            {"kind", "AnalysisTemplate"},
            {"metadata", metadata(position, names, names.name + suffix)},
            {"spec", {{"args", Json::array({key})}, {"metrics", Json::array({std::move(metric)})}}}};
}

Json templates_named(const std::string& name) {
    return {{"templates", Json::array({{{"templateName", name}}})}};
}

// From the present share on. At each the cluster waits for a person, as our gateway waits for evidence; before the rest
// goes over safety has to be shown.
Json steps_of(const RolloutPosition& position, const ManifestNames& names) {
    Json steps = Json::array();
    const auto hold_at = [&](std::int64_t ppm) {
        steps.push_back({{"setWeight", percent(ppm)}});
        steps.push_back({{"pause", Json::object()}});
    };
    if (position.state.status == RolloutStatus::promoted && position.share_ppm == whole_ppm) return steps;
    hold_at(position.share_ppm);
    if (!position.state.experimenting() || position.share_ppm == 0) return steps;
    for (const std::int64_t step : position.steps)
        if (percent(step) > percent(position.share_ppm)) hold_at(step);
    steps.push_back({{"analysis", templates_named(names.name + "-safe")}});
    return steps;
}

}  // namespace

Json http_route(const RolloutPosition& position, const ManifestNames& names) {
    require_label(names.original_service, "--original-service");
    require_label(names.candidate_service, "--candidate-service");
    require_label(names.gateway, "--gateway");
    const auto backend = [&](const std::string& service, std::int64_t weight) -> Json {
        return {{"name", service}, {"port", names.port}, {"weight", weight}};
    };
    Json spec = {
        {"parentRefs", Json::array({{{"name", names.gateway}}})},
        {"rules",
         Json::array({{{"matches", Json::array({{{"path", {{"type", "PathPrefix"}, {"value", "/v1"}}}}})},
                       {"backendRefs", Json::array({backend(names.original_service, whole_ppm - position.share_ppm),
                                                    backend(names.candidate_service, position.share_ppm)})}}})}};
    if (!names.hostname.empty()) spec["hostnames"] = Json::array({names.hostname});
    return {{"apiVersion", "gateway.networking.k8s.io/v1"},
            {"kind", "HTTPRoute"},
            {"metadata", metadata(position, names, names.name)},
            {"spec", std::move(spec)}};
}

// KServe's storage initialiser brings STORAGE_URI to /mnt/models before a custom container starts.
Json inference_service(const RolloutPosition& position, const ManifestNames& names) {
    require(names.storage_uri, "--storage-uri",
            "where KServe finds the candidate, such as pvc://models/candidate.gguf");
    require(names.image, "--image", "a container image with llama-server");
    const std::string file = std::filesystem::path(names.storage_uri).filename().string();
    Json arguments = {"-m", "/mnt/models/" + file, "--host", "0.0.0.0", "--port", std::to_string(names.port)};
    for (const auto& option : position.server_options) arguments.push_back(option);
    const Json container = {{"name", "kserve-container"},
                            {"image", names.image},
                            {"args", arguments},
                            {"env", Json::array({{{"name", "STORAGE_URI"}, {"value", names.storage_uri}}})},
                            {"ports", Json::array({{{"containerPort", names.port}, {"protocol", "TCP"}}})}};
    return {{"apiVersion", "serving.kserve.io/v1beta1"},
            {"kind", "InferenceService"},
            {"metadata", metadata(position, names, names.name)},
            {"spec",
             {{"predictor",
               {{"canaryTrafficPercent", percent(position.share_ppm)}, {"containers", Json::array({container})}}}}}};
}

std::vector<Json> argo_rollout(const RolloutPosition& position, const ManifestNames& names) {
    require(names.verdict_url, "--verdict-url", "the gateway's /scale/v1/verdict as the cluster reaches it");
    require_label(names.original_service, "--original-service");
    require_label(names.candidate_service, "--candidate-service");
    Json route = {{"httpRoute", names.name}};
    if (!names.name_space.empty()) route["namespace"] = names.name_space;
    const Json canary = {{"stableService", names.original_service},
                         {"canaryService", names.candidate_service},
                         {"trafficRouting", {{"plugins", {{"argoproj-labs/gatewayAPI", route}}}}},
                         {"analysis", templates_named(names.name + "-harm")},
                         {"steps", steps_of(position, names)}};
    const Json rollout = {{"apiVersion", "argoproj.io/v1alpha1"},
                          {"kind", "Rollout"},
                          {"metadata", metadata(position, names, names.name)},
                          {"spec",
                           {{"workloadRef",
                             {{"apiVersion", "apps/v1"},
                              {"kind", "Deployment"},
                              {"name", names.deployment.empty() ? names.name : names.deployment}}},
                            {"strategy", {{"canary", canary}}}}}};
    // A verdict that is neither harm nor good (the arms do not get their shares) is inconclusive for Argo: it pauses.
    Json watching = verdict_metric(names, "result.verdict == \"undecided\" || result.verdict == \"safe\"");
    watching["interval"] = "10s";
    return {rollout, analysis_template(position, names, "-harm", std::move(watching)),
            analysis_template(position, names, "-safe", verdict_metric(names, "result.verdict == \"safe\""))};
}

}  // namespace scale::rollout
