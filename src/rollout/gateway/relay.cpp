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

Relay::Relay(GatewayWorker& worker, http::ServerConnection& client, Admit admit, bool logged)
    : worker_(worker),
      client_(&client),
      timer_(worker.reactor(), [this] { on_timeout(); }),
      start_(http::Clock::now()),
      admit_(std::move(admit)),
      logged_(logged) {}

const std::string& Relay::shown_id() const {
    return admit_.client_request_id.empty() ? admit_.request_id : admit_.client_request_id;
}

double Relay::milliseconds() const {
    return std::chrono::duration<double, std::milli>(http::Clock::now() - start_).count();
}

void Relay::dispatch(Arm arm, bool fresh) {
    serving_ = arm;
    const Upstream& upstream = worker_.controller().upstream(arm);
    // The original is tried even when it was last seen unwell: nobody else can answer.
    const bool usable = upstream.port != 0 && (upstream.healthy || arm == Arm::original);
    server_ = usable ? worker_.pool().acquire(upstream.host, upstream.port, fresh) : nullptr;
    if (server_ == nullptr) return on_failure(ClientFailure::unreachable, "the server cannot be reached");
    reused_ = server_->requests() != 0;
    timer_.set(worker_.options().response_time);
    const auto send = [&](std::string_view body) {
        server_->start(upstream_head(client_->head(), upstream, body.size(), shown_id()), body, false, *this);
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
    client_->begin(head.status, client_headers(head, shown_id()), length_);
}

void Relay::on_body(std::string_view piece) {
    if (first_byte_ms_ < 0) first_byte_ms_ = milliseconds();
    received_ += static_cast<std::int64_t>(piece.size());
    observer_.feed(piece);
    if (first_token_ms_ < 0 && observer_.answer().has_content) first_token_ms_ = milliseconds();
    const bool is_last = received_ == length_;
    if (is_last && logged_ && worker_.options().durability == Durability::strict) {
        held_ = piece;
    } else {
        client_->send_body(piece);
    }
}

void Relay::on_batch() {
    client_->flush_reply();
    timer_.set(worker_.options().response_time);
    if (client_->unsent() <= high_water) return;
    paused_ = true;
    server_->pause_reading(true);
    timer_.clear();  // now it is the client that we wait for
}

void Relay::on_client_progress() {
    if (!paused_ || server_ == nullptr || client_->unsent() > low_water) return;
    paused_ = false;
    server_->pause_reading(false);
    timer_.set(worker_.options().response_time);
}

void Relay::on_complete() {
    server_ = nullptr;
    observer_.finish();
    const Outcome outcome = outcome_of_answer();
    const bool no_end = outcome == Outcome::truncated && assigned_failure_.empty();
    const std::string error = no_end ? "the stream ended without [DONE]" : assigned_failure_;
    http::ServerConnection* client = std::exchange(client_, nullptr);
    client->context = nullptr;
    if (logged_ && worker_.options().durability == Durability::strict) {
        client->flush_reply();
        return worker_.hold(*client, conclude(outcome, error), std::move(held_));
    }
    client->end();
    conclude(outcome, error);
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
    if (client_->begun()) return break_off(Outcome::timeout, "the server stopped sending");
    refuse(504, "the model server took too long", Outcome::timeout, "no answer within the limit");
}

void Relay::refuse(int status, std::string_view message, Outcome outcome, std::string_view reason) {
    status_ = status;
    const std::string headers =
        fmt::format("x-request-id: {}\r\n{}", shown_id(), status == 503 ? "retry-after: 1\r\n" : "");
    http::ServerConnection* client = std::exchange(client_, nullptr);
    client->context = nullptr;
    client->reply(status, headers, error_body(status, message));
    conclude(outcome, assigned_failure_.empty() ? reason : assigned_failure_);
}

void Relay::break_off(Outcome outcome, std::string_view reason) {
    http::ServerConnection* client = std::exchange(client_, nullptr);
    client->context = nullptr;
    if (observer_.is_event_stream() && length_ < 0) {
        if (!observer_.between_events()) client->send_body("\n\n");
        client->send_body("data: " + error_body(502, "the model server broke off") + "\n\n");
    }
    client->cut();
    conclude(assigned_failure_.empty() ? outcome : Outcome::server_error, reason);
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
    finish.request_id = admit_.request_id;
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

std::uint64_t Relay::conclude(Outcome outcome, std::string_view error) {
    timer_.clear();
    const Finish finish = make_finish(outcome, error);
    return worker_.concluded(*this, admit_, finish, logged_);
}

}  // namespace scale::rollout
