// The part of a socket that speaks TLS.
#include <algorithm>
#include <utility>

#include "rollout/http/socket.h"

namespace scale::rollout::http {

using Result = TlsSession::Result;

void Socket::secure(const TlsContext& context, const std::string& host) {
    tls_ = std::make_unique<TlsSession>(context, descriptor_.get(), host);
    if (!tls_resumes_) tls_resumes_ = std::make_unique<Timer>(reactor_, [this] { resume_tls(); });
}

void Socket::shake_hands() {
    const Result result = tls_->handshake();
    if (result == Result::failed) return end();
    if (result == Result::done) send_output();
    update_interest();
    if (result != Result::done) return;
    on_connected();
    // The first request may have come with the last message of the handshake.
    if (descriptor_ && !paused_ && has_buffered_input()) handle_tls_readable();
}

// Reads until the session has nothing more: what it holds already no event of the descriptor would announce.
void Socket::handle_tls_readable() {
    auto& scratch = reactor_.scratch();
    while (descriptor_ && !paused_ && !ended_) {
        std::size_t count = 0;
        const Result result = tls_->read(scratch, count);
        if (result == Result::done) {
            on_input({scratch.data(), count});
            continue;
        }
        if (result != Result::wait) return end();
        return update_interest();
    }
}

void Socket::resume_tls() {
    if (!descriptor_ || paused_ || ended_ || !is_ready()) return;
    tls_->start_turn();
    handle_tls_readable();
}

std::size_t Socket::send_tls() {
    std::size_t taken = 0;
    while (sent_ + taken < output_.size()) {
        std::size_t count = 0;
        const Result result = tls_->write(std::string_view(output_).substr(sent_ + taken), count);
        if (result == Result::wait) break;
        // As for a broken plain connection: the reading side reports it.
        taken += result == Result::done ? count : unsent() - taken;
    }
    return taken;
}

}  // namespace scale::rollout::http
