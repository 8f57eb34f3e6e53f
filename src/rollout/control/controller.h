// What the gateway asks of the rollout, and what it tells it.
//
// The gateway moves bytes; the controller decides. All calls come from the gateway's loop thread and return without
// waiting for the network or for a model. tick() is called at least every 100 ms.
//
// Order of calls for one request: assign → (upstream of the arm; of the original if the arm failed before its first
// byte) → finished. Feedback may arrive before, between or after them. The gateway logs every Finished and Feedback
// durably as to_json() before it reports it here; after a restart the same values are replayed in the log's order, and
// the evidence is what it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.h"

namespace scale::rollout {

enum class Arm : std::uint8_t { original, candidate };
std::string_view arm_name(Arm arm);  // "original", "candidate"

// Which property of the request named its unit, in the order of preference.
enum class KeyKind : std::uint8_t { header, safety_identifier, user, session, api_key, none };
std::string_view key_kind_name(KeyKind kind);

// What a request says about who sent it; empty where it says nothing.
struct RequestIdentity {
    std::string_view header;             // value of the header x-scale-unit
    std::string_view safety_identifier;  // member of the request body
    std::string_view user;               // member of the request body
    std::string_view session;            // header x-session-id or the body's metadata.session_id / conversation
    std::string_view api_key;            // bearer token; only its digest is used
    std::string_view forced_arm;         // header x-scale-arm: "original" or "candidate"
    std::string_view operator_token;     // header x-scale-token; without the right one forced_arm is ignored
};

struct Assignment {
    Arm arm = Arm::original;
    std::int64_t propensity_ppm = 0;  // probability of the candidate when this was decided, parts per million
    std::uint64_t epoch = 0;          // of the rollout state that decided
    std::string experiment;           // "" outside a rollout
    std::string unit;                 // salted digest of the key, 32 hexadecimal digits; never the key itself
    KeyKind key = KeyKind::none;
    bool counted = false;  // enters the evidence: not forced, and a rollout is under way
};

struct Upstream {
    std::string host;  // name or IPv4 address
    std::uint16_t port = 0;
    std::string base_path;  // "" or "/prefix", put before the request's path
    std::string model;      // name that the upstream knows the model by; "" forwards the client's
    bool healthy = false;
};

enum class Outcome : std::uint8_t {
    complete,      // the whole reply was sent
    client_gone,   // the client hung up; counts for neither arm
    client_error,  // the upstream answered 4xx; counts for neither arm
    server_error,  // no connection, or 5xx, or nonsense before the first byte
    truncated,     // the upstream broke off after its first byte
    timed_out,
};
std::string_view outcome_name(Outcome outcome);

struct Finished {
    std::string request_id;
    std::string response_id;  // "id" of the reply, "" where there was none
    std::string session;      // session or conversation id, "" where there was none
    Assignment assignment;
    Arm served = Arm::original;           // differs from the assigned arm after a fallback
    bool fell_back = false;               // the assigned arm failed before its first byte and the original answered
    int status = 0;                       // HTTP status sent to the client
    Outcome outcome = Outcome::complete;  // of the arm that served
    std::int64_t time_ms = 0;             // wall clock at the end, milliseconds since 1970
    double ttft_ms = -1;                  // request complete → first byte of the reply's body; -1 unknown
    double duration_ms = -1;              // request complete → end of the reply
    std::int64_t prompt_tokens = -1;      // -1 unknown
    std::int64_t completion_tokens = -1;
    std::string finish_reason;  // "stop", "length", …
    std::string error;          // the arm's failure in words, "" where there was none
};

core::Json to_json(const Finished& finished);
Finished finished_from_json(const core::Json& json);

struct Feedback {
    std::string id;           // idempotency key, "" where the client gave none
    std::string response_id;  // one of response_id, request_id and session is given
    std::string request_id;
    std::string session;
    std::string name;         // "thumbs_down", "escalation", "downstream_error", or any other
    core::Json value = true;  // true, a number, or text
    std::string comment;
    std::int64_t time_ms = 0;
};

core::Json to_json(const Feedback& feedback);
Feedback feedback_from_json(const core::Json& json);

struct FeedbackReply {
    bool accepted = true;
    bool parked = false;     // the response is not known (yet); kept until it is
    bool duplicate = false;  // the id was seen before
    std::string message;     // why it was not accepted
};

struct ActionReply {
    int status = 200;     // HTTP status: 200, 409 (not possible in this state, see message)
    std::string message;  // one sentence
    std::uint64_t epoch = 0;
    core::Json details;  // what the command prints with --json
};

class Controller {
  public:
    virtual ~Controller() = default;

    virtual Assignment assign(const RequestIdentity& identity) = 0;
    virtual const Upstream& upstream(Arm arm) const = 0;
    // The name under which the gateway's /v1/models lists the model, whichever arm serves it.
    virtual const std::string& served_model() const = 0;

    virtual void finished(const Finished& finished) = 0;
    virtual FeedbackReply feedback(const Feedback& feedback) = 0;

    // GET /rollout/status: the state, both arms, the counts and the evidence.
    virtual core::Json status() const = 0;
    // Prometheus text of the rollout (shares, counts, evidence); the gateway adds its own metrics.
    virtual std::string metrics() const = 0;
    // The original can serve.
    virtual bool ready() const = 0;

    // Bearer token of POST /rollout/{promote,rollback,pause,resume,stop}; compared in constant time.
    virtual bool authorised(std::string_view token) const = 0;
    virtual ActionReply promote(const std::string& because, const std::string& who) = 0;
    virtual ActionReply rollback(const std::string& because, const std::string& who) = 0;
    virtual ActionReply pause(const std::string& because, const std::string& who) = 0;
    virtual ActionReply resume(const std::string& because, const std::string& who) = 0;
    // Records the end of the rollout; the gateway then finishes its streams and returns from its loop.
    virtual ActionReply stop(const std::string& because, const std::string& who) = 0;

    // Looks after the servers, the state file and the steps.
    virtual void tick() = 0;
};

}  // namespace scale::rollout
