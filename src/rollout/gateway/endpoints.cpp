// Everything that the gateway answers itself.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "rollout/gateway/error_body.h"
#include "rollout/gateway/fleet.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/host_check.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::string_view admin_prefix = "/scale/v1/";

constexpr std::size_t longest_reason = 2000;  // bytes

// Reasons and names end up in terminals: no control characters. A rollback is never refused for its reason.
std::string one_line(std::string text) {
    if (text.size() > longest_reason) text.resize(longest_reason);
    for (char& character : text)
        if (static_cast<unsigned char>(character) < 0x20 || character == 0x7f) character = ' ';
    return text;
}

bool is_reading(std::string_view method) {
    return method == "GET" || method == "HEAD";
}

}  // namespace

void GatewayWorker::send(http::ServerConnection& client, int status, std::string_view body, std::string_view headers) {
    const std::string given = usable_request_id(client.head());
    const std::string lines = fmt::format("{}x-request-id: {}\r\n", headers, given.empty() ? next_request_id() : given);
    client.reply(status, lines, body);
}

void GatewayWorker::send_error(http::ServerConnection& client, int status, std::string_view message,
                               std::string_view param, std::string_view code, std::string_view headers) {
    metrics_.count_reply("error", status);
    send(client, status, error_body(status, message, param, code), headers);
}

void GatewayWorker::route(http::ServerConnection& client) {
    const std::string_view path = client.head().path();
    const std::string_view method = client.head().method;
    struct Route {
        std::string_view path;
        bool reads;
        void (GatewayWorker::*answer)(http::ServerConnection&);
    };
    static constexpr std::array routes = {
        Route{"/feedback", false, &GatewayWorker::take_feedback},           // as TensorZero has it
        Route{"/api/public/scores", false, &GatewayWorker::take_feedback},  // as Langfuse has it
        Route{"/v1/chat/completions", false, &GatewayWorker::start_completion},
        Route{"/v1/completions", false, &GatewayWorker::start_completion},
        Route{"/v1/models", true, &GatewayWorker::answer_models},
        Route{"/v1/feedback", false, &GatewayWorker::take_feedback},
        Route{"/health", true, &GatewayWorker::answer_health},
        Route{"/ready", true, &GatewayWorker::answer_ready},
        Route{"/metrics", true, &GatewayWorker::answer_metrics},
        Route{"/scale/v1/status", true, &GatewayWorker::answer_status},
        Route{"/scale/live", true, &GatewayWorker::answer_live_page},
        Route{"/scale/v1/events", true, &GatewayWorker::answer_events},
    };
    const bool is_clients = path.starts_with("/v1/") || path == "/feedback" || path == "/api/public/scores";
    if (is_clients && !has_key(client)) return;
    for (const Route& known : routes) {
        if (known.path != path) continue;
        if (known.reads ? is_reading(method) : method == "POST") return (this->*known.answer)(client);
        return send_error(client, 405, fmt::format("{} is not allowed here", method), "", "method_not_allowed",
                          known.reads ? "allow: GET, HEAD\r\n" : "allow: POST\r\n");
    }
    if (route_handoff(client)) return;
    if (path.starts_with(admin_prefix)) return answer_action(client, path.substr(admin_prefix.size()));
    send_error(client, 404, fmt::format("there is nothing at {}", path), "", "not_found");
}

void GatewayWorker::answer_health(http::ServerConnection& client) {
    send(client, 200, R"({"status":"ok"})");
}

void GatewayWorker::answer_models(http::ServerConnection& client) {
    const Json model = {
        {"id", fleet_.controller.served_model()}, {"object", "model"}, {"created", started_}, {"owned_by", "scale"}};
    send(client, 200, core::canonical({{"object", "list"}, {"data", Json::array({model})}}));
}

void GatewayWorker::answer_ready(http::ServerConnection& client) {
    if (draining_) return send(client, 503, R"({"status":"stopping"})");
    if (!fleet_.controller.ready()) return send(client, 503, R"({"status":"the original cannot serve"})");
    if (fleet_.log.failing()) {
        const std::string how = strict_ ? "not serving: " : "serving without evidence: ";
        return send(client, 503, core::canonical({{"status", how + fleet_.log.figures().failure}}));
    }
    send(client, 200, R"({"status":"ready"})");
}

bool GatewayWorker::has_key(http::ServerConnection& client) {
    if (!fleet_.options.keys || fleet_.options.keys->holds(bearer_token(client.head()))) return true;
    send_error(client, 401, "the API key is missing or wrong", "", "invalid_api_key", "www-authenticate: Bearer\r\n");
    return false;
}

bool GatewayWorker::admin_allowed(http::ServerConnection& client) {
    if (!client.from_loopback() && !fleet_.options.remote_admin) {
        send_error(
            client, 403,
            "only clients on this machine may ask for this; live_hosts in [rollout] lets operators in from elsewhere");
        return false;
    }
    const std::string_view host = client.head().header("host");
    if (is_own_host(host, fleet_.options.live_hosts)) return true;
    send_error(client, 403, unknown_host_message(host), "", "unknown_host");
    return false;
}

void GatewayWorker::answer_metrics(http::ServerConnection& client) {
    if (!admin_allowed(client)) return;
    const Ticket ticket = park(client);
    fleet_.control.post([this, ticket] {
        post([this, ticket, rollout = fleet_.controller.metrics()] {
            gather([this, ticket, rollout](const GatewayMetrics& sum) {
                http::ServerConnection* asking = unpark(ticket);
                if (asking == nullptr) return;
                send(*asking, 200, sum.text(fleet_.log.figures()) + rollout,
                     "content-type: text/plain; version=0.0.4; charset=utf-8\r\n");
            });
        });
    });
}

Json GatewayWorker::gateway_json(const GatewayMetrics& sum) const {
    Json json = {{"open_requests", sum.open_requests}, {"clients", sum.connections},
                 {"fallbacks", sum.fallbacks},         {"unlogged", sum.unlogged},
                 {"workers", fleet_.workers.size()},   {"degraded", fleet_.log.failing()}};
    if (sum.shadows.begun + sum.shadows.left_out > 0)
        json["shadows"] = {{"begun", sum.shadows.begun},
                           {"left_out", sum.shadows.left_out},
                           {"failed", sum.shadows.failed},
                           {"compared", sum.shadows.compared},
                           {"same_answers", sum.shadows.same}};
    if (const auto& certificate = fleet_.options.certificate)
        json["tls"] = {{"certificate", certificate->file().string()},
                       {"problem", certificate->problem()},
                       {"asks_clients", certificate->asks_clients()},
                       {"certificates_refused", sum.certificates_refused},
                       {"handshake_failures", sum.handshake_failures}};
    return json;
}

Json GatewayWorker::log_json() const {
    const LogFigures log = fleet_.log.figures();
    return {{"records", log.appended},          {"at_risk", log.appended - log.committed},
            {"at_risk_peak", log.at_risk_peak}, {"commits", log.commits},
            {"refused", log.refused},           {"failure", log.failure},
            {"free_bytes", log.free_bytes},     {"durability", strict_ ? "strict" : "relaxed"}};
}

// Shows at least all that was recorded before it was asked for.
void GatewayWorker::answer_status(http::ServerConnection& client) {
    if (!admin_allowed(client)) return;
    const Ticket ticket = park(client);
    fleet_.control.after(fleet_.log.appended(), [this, ticket](bool) {
        post([this, ticket, status = fleet_.controller.status()] {
            gather([this, ticket, status](const GatewayMetrics& sum) {
                http::ServerConnection* asking = unpark(ticket);
                if (asking == nullptr) return;
                Json whole = status;
                whole["gateway"] = gateway_json(sum);
                whole["log"] = log_json();
                send(*asking, 200, core::canonical(whole));
            });
        });
    });
}

void GatewayWorker::answer_action(http::ServerConnection& client, std::string_view action) {
    static constexpr std::array<std::pair<std::string_view, Action>, 5> actions = {{
        {"promote", &Controller::promote},
        {"rollback", &Controller::rollback},
        {"pause", &Controller::pause},
        {"resume", &Controller::resume},
        {"stop", &Controller::stop},
    }};
    const bool known =
        std::any_of(actions.begin(), actions.end(), [&](const auto& one) { return one.first == action; });
    if (!known && !admin_allowed(client)) return;
    for (const auto& [name, act] : actions) {
        if (name != action) continue;
        if (client.head().method != "POST")
            return send_error(client, 405, "this needs POST", "", "method_not_allowed", "allow: POST\r\n");
        if (!operator_allowed(client)) return;
        if (!client.body().empty() && !is_json(client.head()))
            return send_error(client, 415, "the body is not announced as application/json", "content-type");
        return take_action(client, act, name == "stop");
    }
    send_error(client, 404, "there is no such action", "", "not_found");
}

void GatewayWorker::take_action(http::ServerConnection& client, Action act, bool stops) {
    std::string because;
    std::string who;
    if (!client.body().empty()) {
        const Json body = Json::parse(client.body(), nullptr, false);
        if (!body.is_object()) return send_error(client, 400, "the body is not a JSON object");
        for (const auto& [key, text] : {std::pair{"because", &because}, std::pair{"who", &who}}) {
            if (!body.contains(key)) continue;
            if (!body[key].is_string()) return send_error(client, 400, "not a string", key);
            *text = one_line(body[key].get_ref<const std::string&>());
        }
    }
    const Ticket ticket = park(client);
    fleet_.control.post([this, ticket, act, because, who, stops] {
        const ActionReply reply = (fleet_.controller.*act)(because, who);
        post([this, ticket, reply, stops] {
            if (stops && reply.status == 200) fleet_.stop();
            http::ServerConnection* asking = unpark(ticket);
            if (asking == nullptr) return;
            if (reply.status != 200) return send_error(*asking, reply.status, reply.message);
            send(*asking, 200,
                 core::canonical({{"message", reply.message}, {"epoch", reply.epoch}, {"details", reply.details}}));
        });
    });
}

}  // namespace scale::rollout
