// POST /v1/feedback: what people and downstream systems say about an answer. It is accepted once its record is on the
// disk and counted, in either mode: feedback is rare, and a rollback may rest on it.
#include <array>

#include "core/clock.h"
#include "core/error.h"
#include "core/json.h"
#include "rollout/gateway/fleet.h"

namespace scale::rollout {

using core::Json;

namespace {

constexpr std::size_t longest_body = 64 << 10;
constexpr std::size_t longest_name = 128;
constexpr std::size_t longest_comment = 8 << 10;
constexpr std::size_t longest_tags = 4 << 10;

struct Problem {
    std::string message;  // "" for none
    std::string param;
};

// The first of the spellings that the body has; TensorZero and Langfuse name some members differently.
template <std::size_t N>
Problem read_text(const Json& body, const std::array<const char*, N>& spellings, std::size_t longest,
                  std::string& text) {
    for (const char* key : spellings) {
        const auto found = body.find(key);
        if (found == body.end() || found->is_null()) continue;
        if (!found->is_string()) return {"not a string", key};
        text = found->template get<std::string>();
        return text.size() <= longest ? Problem{} : Problem{"too long", key};
    }
    return {};
}

Problem read_value(const Json& body, Json& value) {
    value = body.value("value", Json());
    const bool fits = value.is_null() || value.is_boolean() || value.is_number() ||
                      (value.is_string() && value.get_ref<const std::string&>().size() <= longest_comment);
    return fits ? Problem{} : Problem{"neither a boolean, a number nor a short string", "value"};
}

Problem read_feedback(const Json& body, Feedback& feedback, std::string& session) {
    static constexpr std::array names = {"name", "metric_name"};
    static constexpr std::array responses = {"response_id", "inference_id", "traceId"};
    static constexpr std::array sessions = {"session_id", "episode_id", "sessionId"};
    static constexpr std::array comments = {"comment"};
    static constexpr std::array ids = {"id"};
    for (const Problem& problem : {read_text(body, names, longest_name, feedback.name),
                                   read_text(body, responses, longest_name, feedback.response_id),
                                   read_text(body, sessions, longest_name, session),
                                   read_text(body, comments, longest_comment, feedback.comment),
                                   read_text(body, ids, longest_name, feedback.id), read_value(body, feedback.value)})
        if (!problem.message.empty()) return problem;
    if (feedback.name.empty()) return {"no name for what is reported", "name"};
    if (feedback.response_id.empty() == session.empty())
        return {"exactly one of response_id and session_id is needed", "response_id"};
    feedback.tags = body.value("tags", Json());
    if (!feedback.tags.is_null() && !feedback.tags.is_object()) return {"not an object", "tags"};
    if (core::canonical(feedback.tags).size() > longest_tags) return {"too long", "tags"};
    return {};
}

// TensorZero's clients look for feedback_id, Langfuse's for id.
std::string feedback_answer(std::string_view path, const std::string& id, const char* state,
                            const std::string& message) {
    Json answer = {{"id", id}, {"status", state}, {"message", message}};
    if (path == "/feedback") answer["feedback_id"] = id;
    return core::canonical(answer);
}

}  // namespace

void GatewayWorker::take_feedback(http::ServerConnection& client) {
    if (client.body().size() > longest_body) return send_error(client, 413, "the feedback is too large");
    Json body;
    try {
        body = core::parse_json(client.body(), "the request body");
    } catch (const core::Error& failure) {
        return send_error(client, 400, failure.found());
    }
    if (!body.is_object()) return send_error(client, 400, "the request body is not a JSON object");
    Feedback feedback;
    std::string session;
    if (const Problem problem = read_feedback(body, feedback, session); !problem.message.empty())
        return send_error(client, 400, problem.message, problem.param);
    feedback.time_ms = core::now().time_since_epoch().count();
    if (feedback.id.empty()) feedback.id = "fb_" + next_request_id();
    if (body.value("dryrun", Json(false)) == true)
        return send(client, 200, feedback_answer(client.head().path(), feedback.id, "valid", "nothing was recorded"));
    if (!session.empty()) feedback.session = fleet_.controller.session_digest(session);
    if (!fleet_.log.has_room())
        return send_error(client, 503, "the gateway cannot record feedback now", "", "overloaded",
                          "retry-after: 1\r\n");
    const Ticket ticket = park(client);
    const std::string id = feedback.id;
    const std::uint64_t sequence = fleet_.log.append(std::move(feedback)).sequence;
    fleet_.control.after_feedback(sequence, [this, ticket, id](const std::optional<FeedbackReply>& reply) {
        post([this, ticket, id, reply] { answer_feedback(ticket, id, reply); });
    });
}

void GatewayWorker::answer_feedback(Ticket ticket, const std::string& id, const std::optional<FeedbackReply>& reply) {
    http::ServerConnection* client = unpark(ticket);
    if (client == nullptr) return;
    if (!reply) return send_log_failure(*client);
    if (!reply->accepted) return send_error(*client, 400, reply->message);
    const char* state = reply->duplicate ? "duplicate" : reply->parked ? "parked" : "accepted";
    send(*client, 200, feedback_answer(client->head().path(), id, state, reply->message));
}

}  // namespace scale::rollout
