// What the gateway asks of the rollout, and what it tells it.
//
// The gateway moves bytes; the controller decides. Event loops read its decisions from an immutable Routing, which is
// replaced whole when something changes. Everything else happens on one thread, the gateway's control thread, and
// returns without waiting for the network or for a model; tick() is called there at least every 100 ms.
//
// The controller learns what happened from the durable log: finished() and feedback() are called in the log's order,
// for records that are on the disk. After a restart it reads that log again, and the evidence is what it was. Feedback
// may stand before, between or after the records of its request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "rollout/http/address.h"
#include "rollout/http/tls_context.h"
#include "rollout/log/records.h"

namespace scale::rollout {

// Which property of the request named its unit, in the order of preference.
enum class KeyKind : std::uint8_t { header, safety_identifier, user, session, api_key, request };
const char* to_string(KeyKind kind);

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
    std::string unit;                 // salted digest of the key, 64 hexadecimal digits; never the key itself
    KeyKind key = KeyKind::request;
    std::string session;   // salted digest of the session, "" where there was none
    bool excluded = true;  // forced, or no rollout under way: no evidence
};

struct Upstream {
    std::string host;  // name or number
    std::uint16_t port = 0;
    std::string base_path;  // "" or "/prefix", put before the request's path
    std::string model;      // name that the upstream knows the model by; "" forwards the client's
    bool healthy = false;
    std::vector<http::SocketAddress> addresses;             // of the host; empty: the host is a number
    std::shared_ptr<const http::TlsContext> tls = nullptr;  // null: plain HTTP
};

struct FeedbackReply {
    bool accepted = true;    // false: see message
    bool parked = false;     // the response is not known (yet); kept until it is
    bool duplicate = false;  // the id was seen before, so it did not count again
    std::string request_id;  // what the feedback is about; "" while parked
    std::string message;     // for the sender
};

struct ActionReply {
    int status = 200;     // HTTP status: 200, 409 (not possible in this state, see message)
    std::string message;  // one sentence
    std::uint64_t epoch = 0;
    core::Json details;  // what the command prints with --json
};

struct RolloutVerdict {
    std::string verdict = "undecided";  // "harm", "safe", "undecided" or "invalid"
    std::string sentence;
    std::string status;  // of the rollout: "canary", "rolled_back", …
    std::int64_t share_ppm = 0;
    std::uint64_t epoch = 0;
};

// What is served, as of one moment. Immutable: any thread may use it.
class Routing {
  public:
    virtual ~Routing() = default;
    virtual Assignment assign(const RequestIdentity& identity) const = 0;
    virtual const Upstream& upstream(Arm arm) const = 0;
    // Of the requests that the original serves, those that are copied to the candidate; parts per million.
    virtual std::int64_t shadow_ppm() const { return 0; }
};

class Controller {
  public:
    virtual ~Controller() = default;

    // --- From any thread.

    // Grows once a new Routing stands: whoever sees the number gets that one or a later one.
    virtual std::uint64_t routing_version() const = 0;
    virtual std::shared_ptr<const Routing> routing() const = 0;
    // The name under which the gateway's /v1/models lists the model, whichever arm serves it.
    virtual const std::string& served_model() const = 0;
    // Names the slice, for those who ask for assignments alone.
    virtual const std::string& flag() const = 0;
    // Salted digest under which a session stands in the log.
    virtual std::string session_digest(std::string_view session) const = 0;
    // Bearer token of POST /scale/v1/{promote,rollback,pause,resume,stop}; compared in constant time.
    virtual bool authorised(std::string_view token) const = 0;
    // The original can serve.
    virtual bool ready() const = 0;

    // --- From the control thread.

    // Every admitted request once, when its end is in the log.
    virtual void finished(const Admit& admit, const Finish& finish) = 0;
    // A second one with the same id counts once.
    virtual FeedbackReply feedback(const Feedback& feedback) = 0;

    // GET /scale/v1/status: the state, both arms, the counts and the evidence.
    virtual core::Json status() const = 0;
    // What the live page shows: the status, and beside it the history (whole, or its newest point), recent feedback and
    // failures, and who did what.
    virtual core::Json live(bool whole_history) const = 0;
    virtual RolloutVerdict verdict() const = 0;
    // Prometheus text of the rollout (shares, counts, evidence); the gateway adds its own metrics.
    virtual std::string metrics() const = 0;
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
