// POST /v1/chat/completions and /v1/completions: from the request to a running relay.
#include <utility>

#include "core/clock.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/request_facts.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

namespace {

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
    Admit admit;
    admit.time_ms = core::now().time_since_epoch().count();
    admit.request_id = next_request_id();
    admit.client_request_id = usable_request_id(client.head());
    admit.path = client.head().path();
    admit.model = read.facts->model;
    admit.stream = read.facts->stream;
    // Without a log there is no evidence, and without evidence no candidate.
    if (log_.failing()) {
        admit.excluded = true;
        return begin_relay(client, std::move(admit), false);
    }
    set_assignment(admit, controller_.assign(identity_of(client.head(), *read.facts)));
    if (options_.log_bodies) admit.request = client.body();
    switch (log_.append(admit).result) {
        case AppendResult::accepted:
            return begin_relay(client, std::move(admit), true);
        case AppendResult::full:
            return send_error(client, 503, "the gateway is overloaded", "", "overloaded", "retry-after: 1\r\n");
        case AppendResult::failed:
            admit.arm = Arm::original;
            return begin_relay(client, std::move(admit), false);
    }
}

void GatewayWorker::begin_relay(http::ServerConnection& client, Admit admit, bool logged) {
    admit.request.clear();  // it stands in the log and in client.body()
    auto relay = std::make_unique<Relay>(*this, client, std::move(admit), logged);
    Relay* raw = relay.get();
    client.context = raw;
    relays_.emplace(raw, std::move(relay));
    metrics_.open_requests = relays_.size();
    raw->start();
}

}  // namespace scale::rollout
