#include "rollout/gateway/shadow_call.h"

#include <algorithm>
#include <utility>

#include "core/clock.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

ShadowCall::ShadowCall(GatewayWorker& worker, std::string request_id, std::string head, std::string body)
    : worker_(worker),
      timer_(worker.reactor(), [this] { on_timeout(); }),
      start_(http::Clock::now()),
      head_(std::move(head)),
      body_(std::move(body)) {
    shadow_.request_id = std::move(request_id);
}

ShadowCall::~ShadowCall() {
    if (server_ != nullptr) server_->cancel();
}

double ShadowCall::milliseconds() const {
    return std::chrono::duration<double, std::milli>(http::Clock::now() - start_).count();
}

void ShadowCall::start(const Upstream& candidate) {
    timer_.set(worker_.options().shadow_time);
    server_ = worker_.connect(candidate, false);
    if (server_ == nullptr) return end(Outcome::server_error, "the server cannot be reached");
    server_->start(std::exchange(head_, {}), std::exchange(body_, {}), false, *this);
}

void ShadowCall::on_head(const http::Head& head) {
    shadow_.status = head.status;
    const bool is_stream = http::same_name(head.header("content-type").substr(0, 17), "text/event-stream");
    observer_ = AnswerObserver(is_stream, worker_.options().log_bodies ? worker_.options().logged_answer_bytes : 0);
}

void ShadowCall::on_body(std::string_view piece) {
    observer_.feed(piece);
    const bool has_begun = observer_.answer().has_content || !observer_.is_event_stream();
    if (shadow_.ttft_ms < 0 && has_begun) shadow_.ttft_ms = milliseconds();
}

void ShadowCall::on_complete() {
    server_ = nullptr;
    observer_.finish();
    if (shadow_.status >= 500 || observer_.answer().error) return end(Outcome::server_error, "");
    if (shadow_.status >= 400) return end(Outcome::client_error, "");
    if (observer_.is_event_stream() && !observer_.answer().done)
        return end(Outcome::truncated, "the stream ended without [DONE]");
    end(Outcome::ok, "");
}

void ShadowCall::on_failure(http::ClientFailure, std::string_view reason) {
    server_ = nullptr;
    end(shadow_.status == 0 ? Outcome::server_error : Outcome::truncated, reason);
}

void ShadowCall::on_timeout() {
    if (server_ != nullptr) std::exchange(server_, nullptr)->cancel();
    end(Outcome::timeout, "no whole answer within the limit");
}

void ShadowCall::end(Outcome outcome, std::string_view error) {
    timer_.clear();
    ended_ = true;
    const ObservedAnswer& answer = observer_.answer();
    shadow_.outcome = outcome;
    shadow_.error = error;
    shadow_.duration_ms = milliseconds();
    shadow_.prompt_tokens = answer.prompt_tokens;
    shadow_.completion_tokens = answer.completion_tokens;
    shadow_.finish_reason = answer.finish_reason;
    shadow_.answer = answer.text;
    settle();
}

void ShadowCall::original_ended(const Finish& finish) {
    original_ = finish;
    settle();
}

void ShadowCall::compare() {
    shadow_.original_duration_ms = original_->duration_ms;
    shadow_.original_completion_tokens = original_->completion_tokens;
    shadow_.compared =
        shadow_.outcome == Outcome::ok && original_->outcome == Outcome::ok && worker_.options().log_bodies;
    if (!shadow_.compared) return;
    const std::string& ours = shadow_.answer;
    const std::string& theirs = original_->answer;
    shadow_.same_answer = ours == theirs;
    shadow_.same_bytes = std::mismatch(ours.begin(), ours.end(), theirs.begin(), theirs.end()).first - ours.begin();
    shadow_.original_bytes = static_cast<std::int64_t>(theirs.size());
}

// Once both sides have ended it is logged, and the worker disposes of the copy.
void ShadowCall::settle() {
    if (!ended_ || !original_) return;
    compare();
    shadow_.time_ms = core::now().time_since_epoch().count();
    worker_.shadow_ended(std::move(shadow_));
}

}  // namespace scale::rollout
