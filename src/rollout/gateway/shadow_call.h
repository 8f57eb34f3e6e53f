// A copy of one request for the candidate, whose answer nobody gets: it is compared with the original's and logged.
//
// The copy never delays the request it was made from: it starts behind it, on a connection of its own, and whatever
// happens to it stays here. It ends with the candidate's answer, after a time of its own, or with the gateway.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "rollout/control/controller.h"
#include "rollout/gateway/answer_observer.h"
#include "rollout/http/client_connection.h"
#include "rollout/http/reactor.h"
#include "rollout/log/records.h"

namespace scale::rollout {

class GatewayWorker;

class ShadowCall final : public http::ResponseSink, public http::Reactor::Disposable {
  public:
    // `head` and `body` are for the candidate as they are.
    ShadowCall(GatewayWorker& worker, std::string request_id, std::string head, std::string body);
    ~ShadowCall() override;

    void start(const Upstream& candidate);
    // How the original fared with the request.
    void original_ended(const Finish& finish);

  private:
    void on_head(const http::Head& head) override;
    void on_body(std::string_view piece) override;
    void on_batch() override {}
    void on_complete() override;
    void on_failure(http::ClientFailure failure, std::string_view reason) override;

    void on_timeout();
    void end(Outcome outcome, std::string_view error);
    void compare();
    void settle();
    double milliseconds() const;

    GatewayWorker& worker_;
    http::ClientConnection* server_ = nullptr;
    http::Timer timer_;
    const http::Clock::time_point start_;
    std::string head_;
    std::string body_;
    AnswerObserver observer_;
    Shadow shadow_;
    bool ended_ = false;
    std::optional<Finish> original_;
};

}  // namespace scale::rollout
