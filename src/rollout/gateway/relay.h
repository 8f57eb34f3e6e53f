// One request on its way: from the client to the assigned arm's server, and the answer back as it comes.
//
// What counts is the assigned arm, whoever answers: a candidate that fails before the first byte is recorded as such
// even though the original then serves the client.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "rollout/control/controller.h"
#include "rollout/gateway/answer_observer.h"
#include "rollout/http/client_connection.h"
#include "rollout/http/server_connection.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class GatewayWorker;

// Of an admitted request, what its relay needs.
struct RelayedRequest {
    std::string request_id;
    std::string shown_id;   // the client's x-request-id, or ours
    std::string_view path;  // a literal
    Arm arm = Arm::original;
    // Of the admit record; 0: the log's disk failed, so the request leaves no evidence.
    std::uint64_t sequence = 0;
};

struct ReplyHead {
    int status = 200;
    std::string headers;       // as ServerConnection::begin takes them
    std::int64_t length = -1;  // likewise
};

class Relay final : public http::ResponseSink, public http::Reactor::Disposable {
  public:
    Relay(GatewayWorker& worker, http::ServerConnection& client, RelayedRequest request);

    void start() { dispatch(request_.arm, false); }
    void on_client_gone();
    void on_client_progress();
    // Strict mode: the admit record is durable, or cannot become so.
    void open_gate();
    void on_log_failure();

  private:
    void on_head(const http::Head& head) override;
    void on_body(std::string_view piece) override;
    void on_batch() override;
    void on_complete() override;
    void on_failure(http::ClientFailure failure, std::string_view reason) override;

    void dispatch(Arm arm, bool fresh);
    void on_timeout();
    void fail_before_answer(http::ClientFailure failure, std::string_view reason);
    void refuse(int status, std::string_view message, Outcome outcome, std::string_view reason);
    void break_off(Outcome outcome, std::string_view reason);
    Outcome outcome_of_answer() const;
    http::ServerConnection& take_client();
    std::uint64_t conclude(Outcome outcome, std::string_view error);
    Finish make_finish(Outcome outcome, std::string_view error) const;
    bool strict() const;
    void close_gate();
    double milliseconds() const;

    GatewayWorker& worker_;
    http::ServerConnection* client_;
    http::ClientConnection* server_ = nullptr;
    http::Timer timer_;
    const http::Clock::time_point start_;
    const RelayedRequest request_;

    Arm serving_ = Arm::original;
    bool retried_ = false;
    bool reused_ = false;  // the connection had served a request before
    bool paused_ = false;
    std::string assigned_failure_;  // why the assigned arm did not serve; "" where it did
    int status_ = 0;
    std::int64_t length_ = -1;  // of the answer's body; -1 unknown
    std::int64_t received_ = 0;
    double first_byte_ms_ = -1;
    double first_token_ms_ = -1;
    // Strict mode: the answer's head and body, held back until the admit record is durable; after that the last bytes
    // of an answer of known length, until the finish record is.
    std::optional<ReplyHead> waiting_head_;
    std::string held_;
    bool at_gate_ = false;
    AnswerObserver observer_;
};

}  // namespace scale::rollout
