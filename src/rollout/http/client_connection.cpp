#include "rollout/http/client_connection.h"

#include <utility>

#include <fmt/format.h>

namespace scale::rollout::http {

ClientConnection::ClientConnection(Reactor& reactor, core::FileDescriptor descriptor,
                                   std::vector<SocketAddress> addresses, Owner& owner, const Limits& limits,
                                   std::chrono::milliseconds connect_time, std::shared_ptr<const TlsContext> tls,
                                   std::string host)
    : Socket(reactor, std::move(descriptor), true, false),
      owner_(owner),
      limits_(limits),
      addresses_(std::move(addresses)),
      tls_context_(std::move(tls)),
      host_(std::move(host)),
      parser_(HeadParser::Kind::response, limits_),
      connect_timer_(reactor, [this] { fail(ClientFailure::unreachable, "the server cannot be reached in time"); }) {
    if (!addresses_.empty()) addresses_.erase(addresses_.begin());
    if (tls_context_) secure(*tls_context_, host_);
    connect_timer_.set(connect_time);
}

bool ClientConnection::try_next_address() {
    while (!addresses_.empty()) {
        core::FileDescriptor next = start_connecting(addresses_.front());
        addresses_.erase(addresses_.begin());
        if (!next) continue;
        connect_anew(std::move(next));
        if (tls_context_) secure(*tls_context_, host_);
        return true;
    }
    return false;
}

void ClientConnection::start(std::string_view head, std::string_view body, bool head_request, ResponseSink& sink) {
    sink_ = &sink;
    ++requests_;
    head_request_ = head_request;
    received_ = in_body_ = false;
    parser_.reset();
    parser_.expect_no_body(head_request);
    put(head);
    put(body);
    flush();
}

void ClientConnection::cancel() {
    sink_ = nullptr;
    gone();
}

void ClientConnection::on_connected() {
    connected_ = true;
    addresses_ = {};
    connect_timer_.clear();
}

void ClientConnection::on_input(std::string_view bytes) {
    // Bytes that nobody asked for: whatever they are, the connection's framing can no longer be trusted.
    if (sink_ == nullptr) return gone();
    received_ = true;
    ResponseSink* sink = sink_;
    while (sink_ == sink && !gone_) {
        const bool more = in_body_ ? read_body(bytes) : read_head(bytes);
        if (!more) break;
    }
    if (sink_ == sink && !gone_) sink->on_batch();
}

// True where the rest of the input can be read on.
bool ClientConnection::read_head(std::string_view& input) {
    if (input.empty()) return false;
    const Progress progress = parser_.feed(input);
    if (progress == Progress::refused) fail(ClientFailure::malformed, parser_.refusal().reason);
    if (progress != Progress::done) return false;
    if (parser_.head().status < 200) {
        parser_.reset();
        parser_.expect_no_body(head_request_);
        return true;
    }
    in_body_ = true;
    decoder_ = BodyDecoder(parser_.head(), limits_, 0);
    sink_->on_head(parser_.head());
    return true;
}

bool ClientConnection::read_body(std::string_view& input) {
    const auto [progress, content] = decoder_.next(input);
    if (!content.empty()) sink_->on_body(content);
    if (sink_ == nullptr || gone_) return false;  // cancelled meanwhile
    if (progress == Progress::refused) {
        fail(ClientFailure::malformed, decoder_.refusal().reason);
    } else if (progress == Progress::done) {
        // Bytes behind the response belong to no request.
        const bool reusable = parser_.head().keep_alive && input.empty() && unsent() == 0 && !has_buffered_input();
        ResponseSink* sink = std::exchange(sink_, nullptr);
        if (reusable) {
            pause_reading(false);
            owner_.on_free(*this);
        } else {
            gone();
        }
        sink->on_complete();
        return false;
    }
    return progress == Progress::more && !input.empty();
}

void ClientConnection::fail(ClientFailure failure, std::string_view reason) {
    ResponseSink* sink = std::exchange(sink_, nullptr);
    const std::string text(reason);
    gone();
    if (sink != nullptr) sink->on_failure(failure, text);
}

void ClientConnection::on_end() {
    // Under TLS anybody on the way can cut a connection, but only the server can say that its answer is whole.
    if (sink_ != nullptr && in_body_ && decoder_.ends_with_connection() && ended_in_order()) {
        ResponseSink* sink = std::exchange(sink_, nullptr);
        gone();
        return sink->on_complete();
    }
    const std::string why(tls_failure());
    if (!connected_ && !gone_ && try_next_address()) return;
    if (!connected_ && !why.empty())
        return fail(ClientFailure::unreachable, fmt::format("no TLS with the server: {}", why));
    if (!connected_) return fail(ClientFailure::unreachable, "the server cannot be reached");
    if (!received_)
        return fail(ClientFailure::no_response, why.empty() ? "the server closed the connection without an answer"
                                                            : fmt::format("TLS with the server ended: {}", why));
    fail(ClientFailure::broken, "the server broke off within its answer");
}

void ClientConnection::gone() {
    if (std::exchange(gone_, true)) return;
    connect_timer_.clear();
    close();
    owner_.on_gone(*this);
}

}  // namespace scale::rollout::http
