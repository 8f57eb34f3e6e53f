// POST /v1/chat/completions and /v1/completions: from the request to a running relay.
#include <functional>
#include <utility>

#include "core/clock.h"
#include "rollout/assignment/assigner.h"
#include "rollout/gateway/fleet.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/request_facts.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

namespace {

constexpr std::string_view chat_path = "/v1/chat/completions";
constexpr std::string_view completions_path = "/v1/completions";

RequestIdentity identity_of(const http::Head& head, const RequestFacts& facts) {
    RequestIdentity identity;
    identity.header = head.header("x-scale-unit");
    identity.safety_identifier = facts.safety_identifier;
    identity.user = facts.user;
    identity.session = head.header("x-session-id");
    if (identity.session.empty()) identity.session = facts.session;
    identity.api_key = bearer_token(head);
    identity.forced_arm = head.header("x-scale-arm");
    identity.operator_token = head.header("x-scale-token");
    return identity;
}

void set_assignment(Admit& admit, Assignment assignment) {
    admit.arm = assignment.arm;
    admit.propensity = static_cast<std::uint32_t>(assignment.propensity_ppm);
    admit.epoch = assignment.epoch;
    admit.experiment = std::move(assignment.experiment);
    admit.unit = std::move(assignment.unit);
    admit.key_kind = to_string(assignment.key);
    admit.session = std::move(assignment.session);
    admit.excluded = assignment.excluded;
}

}  // namespace

void GatewayWorker::start_completion(http::ServerConnection& client) {
    ReadFacts read = read_facts(client.body());
    if (!read.facts) return send_error(client, 400, read.error, read.param);
    RelayedRequest request;
    request.request_id = next_request_id();
    request.path = client.head().path() == completions_path ? completions_path : chat_path;
    Admit admit;
    admit.client_request_id = usable_request_id(client.head());
    request.shown_id = admit.client_request_id.empty() ? request.request_id : admit.client_request_id;
    // Without a log there is no evidence, and without evidence no candidate.
    if (fleet_.log.failing()) return strict_ ? send_log_failure(client) : begin_relay(client, std::move(request));
    admit.time_ms = core::now().time_since_epoch().count();
    admit.request_id = request.request_id;
    admit.path = request.path;
    admit.stream = read.facts->stream;
    set_assignment(admit, routing().assign(identity_of(client.head(), *read.facts)));
    admit.model = std::move(read.facts->model);
    if (fleet_.options.log_bodies) admit.request = client.body();
    const Arm arm = admit.arm;
    const Appended appended = fleet_.log.append(std::move(admit));
    switch (appended.result) {
        case AppendResult::accepted:
            request.arm = arm;
            request.sequence = appended.sequence;
            return begin_relay(client, std::move(request));
        case AppendResult::full:
            return send_error(client, 503, "the gateway is overloaded", "", "overloaded", "retry-after: 1\r\n");
        case AppendResult::failed:
            return strict_ ? send_log_failure(client) : begin_relay(client, std::move(request));
    }
}

void GatewayWorker::begin_relay(http::ServerConnection& client, RelayedRequest request) {
    // Made before, since the request may have ended when start() returns.
    ShadowCall* copy = copy_for_candidate(client, request);
    auto relay = std::make_unique<Relay>(*this, client, std::move(request));
    Relay* raw = relay.get();
    client.context = raw;
    relays_.emplace(raw, std::move(relay));
    raw->start();
    if (copy != nullptr) copy->start(routing().upstream(Arm::candidate));
}

// Null for most: those that are not drawn, and those beyond what may be under way at once.
ShadowCall* GatewayWorker::copy_for_candidate(http::ServerConnection& client, const RelayedRequest& request) {
    const std::int64_t share = routing().shadow_ppm();
    if (share == 0 || request.arm != Arm::original || request.sequence == 0 || draining_) return nullptr;
    if (static_cast<std::int64_t>(std::hash<std::string>{}(request.request_id) % whole_ppm) >= share) return nullptr;
    const Upstream& candidate = routing().upstream(Arm::candidate);
    if (candidate.port == 0 || !candidate.healthy) return nullptr;
    if (fleet_.shadows.fetch_add(1) >= fleet_.options.shadows) {
        --fleet_.shadows;
        ++metrics_.shadows.left_out;
        return nullptr;
    }
    ++metrics_.shadows.begun;
    std::string body = candidate.model.empty() ? client.body() : with_model(client.body(), candidate.model);
    std::string head =
        upstream_head(client.head(), candidate, body.size(), request.shown_id, fleet_.options.keys == nullptr);
    auto call = std::make_unique<ShadowCall>(*this, request.request_id, std::move(head), std::move(body));
    return shadows_.emplace(request.request_id, std::move(call)).first->second.get();
}

void GatewayWorker::shadow_ended(Shadow shadow) {
    --fleet_.shadows;
    if (shadow.outcome != Outcome::ok) ++metrics_.shadows.failed;
    if (shadow.compared) ++metrics_.shadows.compared;
    if (shadow.same_answer) ++metrics_.shadows.same;
    auto ended = shadows_.extract(shadow.request_id);
    reactor_.dispose(std::move(ended.mapped()));
    if (fleet_.log.append(std::move(shadow)).result != AppendResult::accepted) ++metrics_.shadows.left_out;
}

// Not from within a call of a copy.
void GatewayWorker::drop_shadows() {
    fleet_.shadows -= shadows_.size();
    shadows_.clear();
}

}  // namespace scale::rollout
