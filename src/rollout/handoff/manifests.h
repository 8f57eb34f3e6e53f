// The rollout's present step as Kubernetes objects, for clusters whose own router splits the traffic:
//
//   HTTPRoute           Gateway API, gateway.networking.k8s.io/v1: weights in parts per million
//   InferenceService    KServe, serving.kserve.io/v1beta1: canaryTrafficPercent
//   Rollout with AnalysisTemplates  Argo Rollouts, argoproj.io/v1alpha1: the steps from here on, each guarded by our
//                       verdict (/scale/v1/verdict); the Gateway API plugin moves the weights
//
// KServe and Argo take whole percents; a share between two is rounded down. None of these routers is sticky: users may
// see both arms, and what they do is no evidence. A rolled-back candidate gets nothing in any of them.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "rollout/state/rollout_state.h"

namespace scale::rollout {

struct ManifestNames {
    std::string name;        // of the objects; a DNS label
    std::string name_space;  // "" leaves it to kubectl
    std::string original_service = "original";
    std::string candidate_service = "candidate";
    int port = 8080;                  // of both services, and of the container
    std::string gateway = "gateway";  // parent of the HTTPRoute
    std::string hostname;             // "" for any
    std::string deployment;           // that Argo's Rollout takes over; "" for `name`
    std::string storage_uri;          // KServe: where the candidate's file lies
    std::string image;                // KServe: a llama.cpp server
    std::string verdict_url;          // Argo: our gateway's, as the cluster reaches it
};

struct RolloutPosition {
    RolloutState state;
    std::int64_t share_ppm = 0;               // as served
    std::vector<std::int64_t> steps;          // of scale.toml
    std::vector<std::string> server_options;  // KServe: arguments of the llama-server besides model, host and port
};

// Throw a usage error for names that Kubernetes would refuse, and for what is missing.
core::Json http_route(const RolloutPosition& position, const ManifestNames& names);
core::Json inference_service(const RolloutPosition& position, const ManifestNames& names);
std::vector<core::Json> argo_rollout(const RolloutPosition& position, const ManifestNames& names);

// Several YAML documents. Every string is quoted as JSON quotes it, so that none is read as a number or a truth value.
std::string yaml_documents(const std::vector<core::Json>& objects);

}  // namespace scale::rollout
