// One request on its way: from the client to the assigned arm's server, and the answer back as it comes.
//
// What counts is the assigned arm, whoever answers: a candidate that fails before the first byte is recorded as such
// even though the original then serves the client.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "rollout/control/controller.h"
#include "rollout/gateway/answer_observer.h"
#include "rollout/http/client_connection.h"
#include "rollout/http/server_connection.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class GatewayWorker;

class Relay final : public http::ResponseSink, public http::Reactor::Disposable {
  public:
    // `logged`: the admit record was accepted; a request without one (the log's disk fails) leaves no evidence.
    Relay(GatewayWorker& worker, http::ServerConnection& client, Admit admit, bool logged);

    void start() { dispatch(admit_.arm, false); }
    void on_client_gone();
    void on_client_progress();

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
    std::uint64_t conclude(Outcome outcome, std::string_view error);
    Finish make_finish(Outcome outcome, std::string_view error) const;
    double milliseconds() const;
    const std::string& shown_id() const;

    GatewayWorker& worker_;
    http::ServerConnection* client_;
    http::ClientConnection* server_ = nullptr;
    http::Timer timer_;
    const http::Clock::time_point start_;
    Admit admit_;
    const bool logged_;

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
    std::string held_;  // strict mode: the last bytes of an answer of known length
    AnswerObserver observer_;
};

}  // namespace scale::rollout
