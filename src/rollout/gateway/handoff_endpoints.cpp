// For those who split traffic themselves and want only our assignment or our verdict.
//
//   GET  /scale/v1/verdict            Argo Rollouts' web metric: {"verdict","sentence","status","share_ppm","epoch"};
//                                     successCondition: result.verdict == "safe", failureCondition: … == "harm"
//   POST /scale/v1/flagger/<webhook>  2xx means yes (docs.flagger.app, webhooks): rollback, confirm-traffic-increase,
//                                     confirm-promotion
//   POST /ofrep/v1/evaluate/flags/<flag>  OpenFeature Remote Evaluation Protocol 0.2: the arm of context.targetingKey
//
// A verdict that is not there is never a yes.
#include <fmt/format.h>

#include "core/json.h"
#include "rollout/gateway/fleet.h"
#include "rollout/gateway/forwarding.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::string_view verdict_path = "/scale/v1/verdict";
constexpr std::string_view flagger_prefix = "/scale/v1/flagger/";
constexpr std::string_view flag_prefix = "/ofrep/v1/evaluate/flags/";

bool is_webhook(std::string_view name) {
    return name == "rollback" || name == "confirm-traffic-increase" || name == "confirm-promotion";
}

bool says_yes(std::string_view webhook, const RolloutVerdict& now) {
    const bool open = now.status == "canary" || now.status == "paused";
    if (webhook == "rollback") return now.verdict == "harm" || now.status == "rolled_back";
    if (webhook == "confirm-promotion") return now.status == "promoted" || (open && now.verdict == "safe");
    return now.status == "canary" && (now.verdict == "safe" || now.verdict == "undecided");
}

Json json_of(const RolloutVerdict& now) {
    return {{"verdict", now.verdict},
            {"sentence", now.sentence},
            {"status", now.status},
            {"share_ppm", now.share_ppm},
            {"epoch", now.epoch}};
}

}  // namespace

// True where the path was one of ours and has been answered.
bool GatewayWorker::route_handoff(http::ServerConnection& client) {
    const std::string_view path = client.head().path();
    const bool is_verdict = path == verdict_path;
    const bool is_flagger = path.starts_with(flagger_prefix) && is_webhook(path.substr(flagger_prefix.size()));
    const bool is_flag = path.starts_with(flag_prefix);
    if (!is_verdict && !is_flagger && !is_flag) return false;
    // Their controllers run elsewhere, so a client's key opens these beyond this machine.
    if (fleet_.options.keys && !client.from_loopback()) {
        if (!has_key(client)) return true;
    } else if (!admin_allowed(client)) {
        return true;
    }
    const bool wants_post = !is_verdict;
    if ((client.head().method == "POST") != wants_post)
        send_error(client, 405, wants_post ? "this needs POST" : "this needs GET", "", "method_not_allowed",
                   wants_post ? "allow: POST\r\n" : "allow: GET\r\n");
    else if (is_flag)
        evaluate_flag(client, path.substr(flag_prefix.size()));
    else
        answer_verdict(client, is_flagger ? std::string(path.substr(flagger_prefix.size())) : std::string());
    return true;
}

// `webhook` is "" for the verdict itself. Shows at least what was recorded before it was asked for.
void GatewayWorker::answer_verdict(http::ServerConnection& client, const std::string& webhook) {
    const Ticket ticket = park(client);
    fleet_.control.after(fleet_.log.appended(), [this, ticket, webhook](bool) {
        post([this, ticket, webhook, now = fleet_.controller.verdict()] {
            http::ServerConnection* asking = unpark(ticket);
            if (asking == nullptr) return;
            const int status = webhook.empty() || says_yes(webhook, now) ? 200 : 403;
            send(*asking, status, core::canonical(json_of(now)));
        });
    });
}

void GatewayWorker::evaluate_flag(http::ServerConnection& client, std::string_view flag) {
    const auto refuse = [&](int status, const char* code, const char* details) {
        send(client, status,
             core::canonical({{"key", std::string(flag)}, {"errorCode", code}, {"errorDetails", details}}));
    };
    if (flag != fleet_.controller.flag()) return refuse(404, "FLAG_NOT_FOUND", "this gateway knows another flag");
    const Json body = Json::parse(client.body(), nullptr, false);
    if (!body.is_object()) return refuse(400, "PARSE_ERROR", "the body is not a JSON object");
    const Json context = body.value("context", Json::object());
    if (!context.is_object()) return refuse(400, "INVALID_CONTEXT", "the context is not an object");
    const auto key = context.find("targetingKey");
    if (key == context.end() || !key->is_string() || key->get_ref<const std::string&>().empty())
        return refuse(400, "TARGETING_KEY_MISSING", "the context names no targetingKey");
    RequestIdentity identity;
    identity.user = key->get_ref<const std::string&>();
    const Assignment assigned = routing().assign(identity);
    send(client, 200,
         core::canonical({{"key", std::string(flag)},
                          {"value", assigned.arm == Arm::candidate},
                          {"variant", to_string(assigned.arm)},
                          {"reason", assigned.propensity_ppm > 0 ? "SPLIT" : "DISABLED"},
                          {"metadata", {{"epoch", assigned.epoch}, {"propensity_ppm", assigned.propensity_ppm}}}}));
}

}  // namespace scale::rollout
