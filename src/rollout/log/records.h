// What the gateway writes down about live traffic: one record when a request is admitted (before it is dispatched), one
// when it has ended, one for every piece of feedback. All tests of the rollout need only these. A shadow is no
// evidence: the candidate's answer to a copy of a request that the original served.
//
// An admit without a finish is a request that a crash interrupted; readers report it as such.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "core/json.h"

namespace scale::rollout {

enum class Arm : std::uint8_t { original, candidate };
inline const char* to_string(Arm arm) {
    return arm == Arm::original ? "original" : "candidate";
}

// How a request ended. `interrupted` is never written: the reader gives it to an admit without a finish.
enum class Outcome : std::uint8_t {
    ok,              // a complete answer below 400
    client_error,    // the server answered 4xx
    server_error,    // the server answered 5xx, could not be reached, or spoke no valid HTTP
    truncated,       // the server's answer broke off after it had begun
    timeout,         // the server took longer than the limit
    client_aborted,  // the client went away first
    interrupted,     // we stopped or crashed while it was under way
};
const char* to_string(Outcome outcome);

// Times are milliseconds since 1970, UTC.
struct Admit {
    std::int64_t time_ms = 0;
    std::string request_id;         // made by us, unique
    std::string client_request_id;  // the client's x-request-id, "" where it sent none
    std::string unit;               // digest of the assignment key, 64 hexadecimal digits; the unit of analysis
    std::string key_kind;  // which key it was: "header", "safety_identifier", "user", "session", "api_key", "request"
    Arm arm = Arm::original;       // as assigned; the analysis goes by this, whoever answered
    std::uint32_t propensity = 0;  // the candidate's share when it was assigned, parts per million
    std::uint64_t epoch = 0;
    std::string experiment;
    bool excluded = false;  // a forced arm or a request outside the experiment: no evidence
    std::string session;    // digest of the session id, "" where there is none
    std::string path;       // "/v1/chat/completions"
    std::string model;      // as the request names it
    bool stream = false;
    std::string request;  // the body, JSON text; "" where bodies are not logged
};

struct Finish {
    std::int64_t time_ms = 0;
    std::string request_id;
    Outcome outcome = Outcome::ok;
    int status = 0;                       // sent to the client; 0 where it went away before one
    int upstream_status = 0;              // received from the assigned arm; 0 where there was none
    Arm served_by = Arm::original;        // differs from the assigned arm after a fallback
    double ttft_ms = -1;                  // admission to the first byte of the answer's body; -1 where there was none
    double duration_ms = 0;               // admission to the end
    std::int64_t prompt_tokens = -1;      // from the server's usage; -1 where it gave none
    std::int64_t completion_tokens = -1;  // likewise
    std::int64_t chunks = 0;              // SSE data chunks, [DONE] not counted
    std::int64_t bytes = 0;               // of the answer's body
    std::string finish_reason;            // "stop", "length", …; "" where unknown
    std::string response_id;              // the answer's "id"
    std::string error;                    // "" where there was none
    std::string answer;                   // text of the answer, capped; "" where bodies are not logged
};

struct Feedback {
    std::int64_t time_ms = 0;
    std::string id;           // given by the sender, or made; a second one with the same id does not count
    std::string response_id;  // as the sender names it; an x-request-id is accepted too
    std::string session;      // digest of the session id where the sender names a session instead
    std::string request_id;   // ours, where the sender named the request by it; usually ""
    std::string name;         // "thumbs_down", "escalation", "downstream_error", …
    core::Json value;         // boolean, number or string
    std::string comment;
    core::Json tags;  // object or null
};

struct Shadow {
    std::int64_t time_ms = 0;
    std::string request_id;         // of the request that was copied
    Outcome outcome = Outcome::ok;  // the candidate's
    int status = 0;                 // the candidate's, 0 where there was none
    double ttft_ms = -1;            // as Finish has them, from the copy's start
    double duration_ms = 0;
    std::int64_t prompt_tokens = -1;
    std::int64_t completion_tokens = -1;
    std::string finish_reason;
    std::string error;
    std::string answer;  // "" where bodies are not logged
    // Against the original's answer, where both are whole and bodies are logged (capped texts count as whole).
    bool compared = false;
    bool same_answer = false;
    std::int64_t same_bytes = 0;      // of the texts' common beginning
    std::int64_t original_bytes = 0;  // of the original's text
    double original_duration_ms = 0;
    std::int64_t original_completion_tokens = -1;
};

using Record = std::variant<Admit, Finish, Feedback, Shadow>;

// One line of JSON without the newline; it has a member "type": "admit", "finish", "feedback" or "shadow".
std::string to_json_line(const Record& record);

// What clients and servers wrote: most of a line, and nothing to the evidence.
enum class Texts : std::uint8_t { read, left_out };

// Throws an input error for anything that is not such a line. Unknown members are ignored, missing ones take defaults.
Record from_json_line(std::string_view line, const std::string& source, Texts texts = Texts::read);

}  // namespace scale::rollout
