#include "rollout/http/socket.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <utility>

namespace scale::rollout::http {

namespace {

constexpr std::size_t kept_capacity = 16 << 10;  // of an empty output buffer

void set_no_delay(int descriptor) {
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

Socket::Socket(Reactor& reactor, core::FileDescriptor descriptor, bool connecting, bool sees_hangup)
    : reactor_(reactor), descriptor_(std::move(descriptor)), connecting_(connecting), sees_hangup_(sees_hangup) {
    set_no_delay(descriptor_.get());
    interest_ = connecting_ ? EPOLLOUT : EPOLLIN | (sees_hangup_ ? EPOLLRDHUP : 0u);
    reactor_.watch(descriptor_.get(), interest_, this);
}

Socket::~Socket() {
    close();
}

void Socket::close() {
    if (!descriptor_) return;
    if (tls_) tls_->end_output();
    reactor_.unwatch(descriptor_.get(), this);
    descriptor_.reset();
}

void Socket::connect_anew(core::FileDescriptor descriptor) {
    close();
    tls_.reset();
    descriptor_ = std::move(descriptor);
    connecting_ = true;
    ended_ = false;
    interest_ = EPOLLOUT;
    set_no_delay(descriptor_.get());
    reactor_.watch(descriptor_.get(), interest_, this);
}

void Socket::end_output() {
    if (!descriptor_) return;
    if (tls_) tls_->end_output();
    ::shutdown(descriptor_.get(), SHUT_WR);
}

void Socket::pause_reading(bool paused) {
    if (paused_ == paused) return;
    paused_ = paused;
    if (!paused_ && has_buffered_input()) tls_resumes_->set(Clock::duration::zero());
    update_interest();
}

void Socket::update_interest() {
    if (!descriptor_) return;
    std::uint32_t interest = 0;
    const bool shaking_hands = !connecting_ && !is_ready();
    if (connecting_ || (unsent() != 0 && !shaking_hands) || (tls_ && tls_->wants_write())) interest |= EPOLLOUT;
    if (!connecting_ && (!paused_ || shaking_hands) && !ended_) interest |= EPOLLIN;
    if (!connecting_ && sees_hangup_ && !ended_) interest |= EPOLLRDHUP;
    if (interest == interest_) return;
    interest_ = interest;
    reactor_.change(descriptor_.get(), interest, this);
}

void Socket::on_events(std::uint32_t events) {
    if (tls_) tls_->start_turn();
    if (connecting_) return handle_writable();
    if (!is_ready()) return shake_hands();
    const bool tls_reads = tls_ && tls_->wants_write();  // an answer to the peer had to go out first
    if ((events & EPOLLOUT) != 0) handle_writable();
    if (!descriptor_) return;
    if (((events & EPOLLIN) != 0 || tls_reads) && !paused_) {
        handle_readable();
    } else if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        end();
    }
}

void Socket::handle_writable() {
    if (!connecting_) {
        const std::size_t before = unsent();
        send_output();
        update_interest();
        if (descriptor_ && unsent() < before) on_progress();
        return;
    }
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(descriptor_.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    if (failure != 0) return end();
    connecting_ = false;
    if (tls_) return shake_hands();
    send_output();
    update_interest();
    on_connected();
}

void Socket::handle_readable() {
    if (tls_) return handle_tls_readable();
    auto& scratch = reactor_.scratch();
    const ssize_t got = ::recv(descriptor_.get(), scratch.data(), scratch.size(), 0);
    if (got > 0) return on_input({scratch.data(), static_cast<std::size_t>(got)});
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    end();
}

void Socket::end() {
    if (ended_) {
        // Both directions are gone; the epoll instance would report this for ever.
        close();
        return;
    }
    ended_ = true;
    update_interest();
    on_end();
}

void Socket::flush() {
    if (!descriptor_ || !is_ready()) return;
    send_output();
    update_interest();
}

void Socket::send_output() {
    if (tls_) {
        sent_ += send_tls();
        return settle_output();
    }
    while (sent_ < output_.size()) {
        const ssize_t count = ::send(descriptor_.get(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count < 0) {
            // The reading side reports the broken connection; nothing more can be sent.
            sent_ = output_.size();
            break;
        }
        sent_ += static_cast<std::size_t>(count);
    }
    settle_output();
}

void Socket::settle_output() {
    if (sent_ == output_.size()) {
        output_.clear();
        sent_ = 0;
        if (output_.capacity() > kept_capacity) output_.shrink_to_fit();
    } else if (sent_ > kept_capacity) {
        output_.erase(0, sent_);
        sent_ = 0;
    }
}

}  // namespace scale::rollout::http
