// Everything that the gateway answers itself.
#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "rollout/gateway/error_body.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::string_view admin_prefix = "/scale/v1/";

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
    ++metrics_.replies[{"error", status}];
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
        Route{"/v1/chat/completions", false, &GatewayWorker::start_completion},
        Route{"/v1/completions", false, &GatewayWorker::start_completion},
        Route{"/v1/models", true, &GatewayWorker::answer_models},
        Route{"/v1/feedback", false, &GatewayWorker::take_feedback},
        Route{"/health", true, &GatewayWorker::answer_health},
        Route{"/ready", true, &GatewayWorker::answer_ready},
        Route{"/metrics", true, &GatewayWorker::answer_metrics},
        Route{"/scale/v1/status", true, &GatewayWorker::answer_status},
    };
    for (const Route& known : routes) {
        if (known.path != path) continue;
        if (known.reads ? is_reading(method) : method == "POST") return (this->*known.answer)(client);
        return send_error(client, 405, fmt::format("{} is not allowed here", method), "", "method_not_allowed",
                          known.reads ? "allow: GET, HEAD\r\n" : "allow: POST\r\n");
    }
    if (path.starts_with(admin_prefix)) return answer_action(client, path.substr(admin_prefix.size()));
    send_error(client, 404, fmt::format("there is nothing at {}", path), "", "not_found");
}

void GatewayWorker::answer_health(http::ServerConnection& client) {
    send(client, 200, R"({"status":"ok"})");
}

void GatewayWorker::answer_models(http::ServerConnection& client) {
    const Json model = {
        {"id", controller_.served_model()}, {"object", "model"}, {"created", started_}, {"owned_by", "scale"}};
    send(client, 200, core::canonical({{"object", "list"}, {"data", Json::array({model})}}));
}

void GatewayWorker::answer_ready(http::ServerConnection& client) {
    const std::string log_failure = log_.figures().failure;
    if (draining_) return send(client, 503, R"({"status":"stopping"})");
    if (!controller_.ready()) return send(client, 503, R"({"status":"the original cannot serve"})");
    if (!log_failure.empty())
        return send(client, 503, core::canonical({{"status", "serving without evidence: " + log_failure}}));
    send(client, 200, R"({"status":"ready"})");
}

bool GatewayWorker::admin_allowed(http::ServerConnection& client) {
    if (client.from_loopback() || options_.remote_admin) return true;
    send_error(client, 403, "only clients on this machine may ask for this");
    return false;
}

void GatewayWorker::answer_metrics(http::ServerConnection& client) {
    if (!admin_allowed(client)) return;
    metrics_.upstream_connections = pool_.opened();
    send(client, 200, metrics_.text(log_.figures()) + controller_.metrics(),
         "content-type: text/plain; version=0.0.4; charset=utf-8\r\n");
}

void GatewayWorker::answer_status(http::ServerConnection& client) {
    if (!admin_allowed(client)) return;
    const LogFigures log = log_.figures();
    Json status = controller_.status();
    status["gateway"] = {{"open_requests", metrics_.open_requests},
                         {"clients", metrics_.connections},
                         {"fallbacks", metrics_.fallbacks},
                         {"unlogged", metrics_.unlogged},
                         {"degraded", !log.failure.empty()}};
    status["log"] = {{"records", log.appended},
                     {"at_risk", log.appended - log.committed},
                     {"at_risk_peak", log.at_risk_peak},
                     {"commits", log.commits},
                     {"refused", log.refused},
                     {"failure", log.failure},
                     {"durability", options_.durability == Durability::strict ? "strict" : "relaxed"}};
    send(client, 200, core::canonical(status));
}

void GatewayWorker::answer_action(http::ServerConnection& client, std::string_view action) {
    using Action = ActionReply (Controller::*)(const std::string&, const std::string&);
    static constexpr std::array<std::pair<std::string_view, Action>, 5> actions = {{
        {"promote", &Controller::promote},
        {"rollback", &Controller::rollback},
        {"pause", &Controller::pause},
        {"resume", &Controller::resume},
        {"stop", &Controller::stop},
    }};
    if (!admin_allowed(client)) return;
    for (const auto& [name, act] : actions) {
        if (name != action) continue;
        if (client.head().method != "POST")
            return send_error(client, 405, "this needs POST", "", "method_not_allowed", "allow: POST\r\n");
        if (!controller_.authorised(bearer_token(client.head())))
            return send_error(client, 401, "the token is missing or wrong", "", "invalid_token",
                              "www-authenticate: Bearer\r\n");
        std::string because;
        std::string who;
        if (!client.body().empty()) {
            const Json body = Json::parse(client.body(), nullptr, false);
            if (!body.is_object()) return send_error(client, 400, "the body is not a JSON object");
            for (const auto& [key, text] : {std::pair{"because", &because}, std::pair{"who", &who}}) {
                if (!body.contains(key)) continue;
                if (!body[key].is_string()) return send_error(client, 400, "not a string", key);
                *text = body[key];
            }
        }
        const ActionReply reply = (controller_.*act)(because, who);
        if (reply.status != 200) return send_error(client, reply.status, reply.message);
        send(client, 200,
             core::canonical({{"message", reply.message}, {"epoch", reply.epoch}, {"details", reply.details}}));
        if (name == "stop") stop();
        return;
    }
    send_error(client, 404, "there is no such action", "", "not_found");
}

}  // namespace scale::rollout
