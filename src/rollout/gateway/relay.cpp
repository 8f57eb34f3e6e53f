#include "rollout/gateway/relay.h"

#include <utility>

#include <fmt/format.h>

#include "core/clock.h"
#include "rollout/gateway/error_body.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/request_facts.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

using http::ClientFailure;

namespace {

// A client that reads more slowly than the server writes: above the first mark we stop reading from the server.
constexpr std::size_t high_water = 256 << 10;
constexpr std::size_t low_water = 64 << 10;

std::int64_t unix_ms() {
    return core::now().time_since_epoch().count();
}

}  // namespace

Relay::Relay(GatewayWorker& worker, http::ServerConnection& client, RelayedRequest request)
    : worker_(worker),
      client_(&client),
      timer_(worker.reactor(), [this] { on_timeout(); }),
      start_(http::Clock::now()),
      request_(std::move(request)) {}

double Relay::milliseconds() const {
    return std::chrono::duration<double, std::milli>(http::Clock::now() - start_).count();
}

bool Relay::strict() const {
    return worker_.strict() && request_.sequence != 0;
}

void Relay::dispatch(Arm arm, bool fresh) {
    serving_ = arm;
    const Upstream& upstream = worker_.routing().upstream(arm);
    // The original is tried even when it was last seen unwell: nobody else can answer.
    const bool usable = upstream.port != 0 && (upstream.healthy || arm == Arm::original);
    server_ = usable ? worker_.connect(upstream, fresh) : nullptr;
    if (server_ == nullptr) return on_failure(ClientFailure::unreachable, "the server cannot be reached");
    reused_ = server_->requests() != 0;
    timer_.set(worker_.options().response_time);
    const bool keeps_key = worker_.options().keys == nullptr;
    const auto send = [&](std::string_view body) {
        server_->start(upstream_head(client_->head(), upstream, body.size(), request_.shown_id, keeps_key), body, false,
                       *this);
    };
    if (upstream.model.empty()) return send(client_->body());
    send(with_model(client_->body(), upstream.model));
}

void Relay::on_head(const http::Head& head) {
    status_ = head.status;
    // A body that ends with the connection could be cut short unnoticed, so its length counts as unknown.
    if (head.framing == http::Framing::length) length_ = static_cast<std::int64_t>(head.content_length);
    if (head.framing == http::Framing::none) length_ = 0;
    const std::string_view type = head.header("content-type");
    const bool is_stream = http::same_name(type.substr(0, 17), "text/event-stream");
    observer_ = AnswerObserver(is_stream, worker_.options().log_bodies ? worker_.options().logged_answer_bytes : 0);
    ReplyHead reply{head.status, client_headers(head, request_.shown_id), length_};
    if (strict() && !worker_.is_durable(request_.sequence)) {
        waiting_head_ = std::move(reply);
    } else {
        client_->begin(reply.status, reply.headers, reply.length);
    }
}

void Relay::on_body(std::string_view piece) {
    if (first_byte_ms_ < 0) first_byte_ms_ = milliseconds();
    received_ += static_cast<std::int64_t>(piece.size());
    observer_.feed(piece);
    if (first_token_ms_ < 0 && observer_.answer().has_content) first_token_ms_ = milliseconds();
    const bool is_last = received_ == length_;
    if (waiting_head_ || (is_last && strict())) {
        held_ += piece;
    } else {
        client_->send_body(piece);
    }
}

void Relay::on_batch() {
    timer_.set(worker_.options().response_time);
    if (waiting_head_) {
        close_gate();
    } else {
        client_->flush_reply();
    }
    if (client_->unsent() + held_.size() <= high_water) return;
    paused_ = true;
    server_->pause_reading(true);
    timer_.clear();  // now it is the client that we wait for
}

void Relay::close_gate() {
    if (std::exchange(at_gate_, true)) return;
    worker_.wait_at_gate(*this, request_.sequence);
    if (worker_.is_durable(request_.sequence)) {
        worker_.leave_gate(*this, request_.sequence);
        open_gate();
    }
}

void Relay::open_gate() {
    at_gate_ = false;
    const ReplyHead head = *std::exchange(waiting_head_, std::nullopt);
    client_->begin(head.status, head.headers, head.length);
    client_->send_body(std::exchange(held_, {}));
    client_->flush_reply();
    on_client_progress();
}

void Relay::on_log_failure() {
    at_gate_ = false;
    if (server_ != nullptr) std::exchange(server_, nullptr)->cancel();
    worker_.send_log_failure(take_client());
    conclude(Outcome::client_aborted, "the log failed, so the client got an error");
}

void Relay::on_client_progress() {
    if (!paused_ || server_ == nullptr || waiting_head_ || client_->unsent() > low_water) return;
    paused_ = false;
    server_->pause_reading(false);
    timer_.set(worker_.options().response_time);
}

http::ServerConnection& Relay::take_client() {
    http::ServerConnection* client = std::exchange(client_, nullptr);
    client->context = nullptr;
    return *client;
}

void Relay::on_complete() {
    server_ = nullptr;
    observer_.finish();
    const Outcome outcome = outcome_of_answer();
    const bool no_end = outcome == Outcome::truncated && assigned_failure_.empty();
    const std::string error = no_end ? "the stream ended without [DONE]" : assigned_failure_;
    http::ServerConnection& client = take_client();
    if (!strict()) {
        conclude(outcome, error);
        return client.end();
    }
    if (!waiting_head_) client.flush_reply();
    GatewayWorker::Held rest{0, std::move(waiting_head_), std::move(held_)};
    rest.sequence = conclude(outcome, error);
    worker_.hold(client, std::move(rest));
}

Outcome Relay::outcome_of_answer() const {
    if (!assigned_failure_.empty()) return Outcome::server_error;
    if (status_ >= 500) return Outcome::server_error;
    if (status_ >= 400) return Outcome::client_error;
    if (observer_.answer().error) return Outcome::server_error;
    if (observer_.is_event_stream() && !observer_.answer().done) return Outcome::truncated;
    return Outcome::ok;
}

void Relay::on_failure(ClientFailure failure, std::string_view reason) {
    server_ = nullptr;
    timer_.clear();
    if (waiting_head_) return refuse(502, "the model server broke off", Outcome::truncated, reason);
    if (client_->begun()) return break_off(Outcome::truncated, reason);
    fail_before_answer(failure, reason);
}

void Relay::fail_before_answer(ClientFailure failure, std::string_view reason) {
    // The server may have closed a kept connection just as the request was sent: not a failure of the server.
    if (failure == ClientFailure::no_response && reused_ && !retried_) {
        retried_ = true;
        ++worker_.metrics().retries;
        return dispatch(serving_, true);
    }
    if (serving_ == Arm::candidate) {
        ++worker_.metrics().fallbacks;
        assigned_failure_ = fmt::format("{}; the original answered", reason);
        retried_ = false;
        return dispatch(Arm::original, false);
    }
    const int status = failure == ClientFailure::unreachable ? 503 : 502;
    refuse(status, "the model server does not answer", Outcome::server_error, reason);
}

void Relay::on_timeout() {
    if (server_ != nullptr) std::exchange(server_, nullptr)->cancel();
    if (waiting_head_)
        return refuse(504, "the model server took too long", Outcome::timeout, "the server stopped sending");
    if (client_->begun()) return break_off(Outcome::timeout, "the server stopped sending");
    refuse(504, "the model server took too long", Outcome::timeout, "no answer within the limit");
}

void Relay::refuse(int status, std::string_view message, Outcome outcome, std::string_view reason) {
    status_ = status;
    const std::string headers = fmt::format("content-type: application/json\r\nx-request-id: {}\r\n{}",
                                            request_.shown_id, status == 503 ? "retry-after: 1\r\n" : "");
    std::string body = error_body(status, message);
    http::ServerConnection& client = take_client();
    const bool waits = strict();
    const std::uint64_t sequence = conclude(outcome, assigned_failure_.empty() ? reason : assigned_failure_);
    if (!waits) return client.reply(status, headers, body);
    const auto length = static_cast<std::int64_t>(body.size());
    worker_.hold(client, {sequence, ReplyHead{status, headers, length}, std::move(body)});
}

void Relay::break_off(Outcome outcome, std::string_view reason) {
    http::ServerConnection& client = take_client();
    if (observer_.is_event_stream() && length_ < 0) {
        if (!observer_.between_events()) client.send_body("\n\n");
        client.send_body("data: " + error_body(502, "the model server broke off") + "\n\n");
    }
    conclude(assigned_failure_.empty() ? outcome : Outcome::server_error, reason);
    client.cut();
}

void Relay::on_client_gone() {
    if (server_ != nullptr) std::exchange(server_, nullptr)->cancel();
    client_ = nullptr;
    conclude(Outcome::client_aborted, assigned_failure_);
}

Finish Relay::make_finish(Outcome outcome, std::string_view error) const {
    const ObservedAnswer& answer = observer_.answer();
    Finish finish;
    finish.time_ms = unix_ms();
    finish.request_id = request_.request_id;
    finish.outcome = outcome;
    finish.status = status_;
    const bool refused = first_byte_ms_ < 0 && outcome != Outcome::ok;
    finish.upstream_status = assigned_failure_.empty() && !refused ? status_ : 0;
    finish.served_by = serving_;
    finish.ttft_ms = first_token_ms_ >= 0 && observer_.is_event_stream() ? first_token_ms_ : first_byte_ms_;
    finish.duration_ms = milliseconds();
    finish.prompt_tokens = answer.prompt_tokens;
    finish.completion_tokens = answer.completion_tokens;
    finish.chunks = answer.chunks;
    finish.bytes = received_;
    finish.finish_reason = answer.finish_reason;
    finish.response_id = answer.response_id;
    finish.error = error;
    if (worker_.options().log_bodies) finish.answer = answer.text;
    return finish;
}

// The worker disposes of the relay, which lives until the loop's round ends.
std::uint64_t Relay::conclude(Outcome outcome, std::string_view error) {
    timer_.clear();
    if (std::exchange(at_gate_, false)) worker_.leave_gate(*this, request_.sequence);
    return worker_.concluded(*this, request_, make_finish(outcome, error));
}

}  // namespace scale::rollout
