// A non-blocking TCP connection in a reactor, plain or under TLS: input is handed on as it comes, output is kept until
// the peer takes it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <sys/socket.h>

#include "core/file.h"
#include "rollout/http/reactor.h"
#include "rollout/http/tls_session.h"

namespace scale::rollout::http {

class Socket : public Reactor::Handler {
  public:
    // `connecting`: connect() is under way; on_connected or on_end will tell.
    // `sees_hangup`: on_end is called for a peer that has closed its side even while reading is paused.
    Socket(Reactor& reactor, core::FileDescriptor descriptor, bool connecting, bool sees_hangup);
    ~Socket() override;

    bool is_open() const { return static_cast<bool>(descriptor_); }
    // Bytes can be exchanged: connected, and under TLS with the handshake behind it.
    bool is_ready() const { return !connecting_ && (!tls_ || tls_->established()); }
    std::size_t unsent() const { return output_.size() - sent_; }

    void pause_reading(bool paused);

    void on_events(std::uint32_t events) final;

  protected:
    // Adds to the output; flush() sends what the peer takes now. One system call for all that was put.
    void put(std::string_view bytes) { output_.append(bytes); }
    void flush();

    // No more callbacks after this.
    void close();
    // Goes on with another descriptor, on which connect() is under way; what was put is sent there. TLS ends: secure()
    // begins it anew.
    void connect_anew(core::FileDescriptor descriptor);
    // From here on everything goes under TLS; before any byte. `host` as TlsSession takes it.
    void secure(const TlsContext& context, const std::string& host);
    // Tells the peer that nothing more will come, and goes on reading.
    void end_output();

    // See is_ready().
    virtual void on_connected() {}
    virtual void on_input(std::string_view bytes) = 0;
    // The peer closed, or the connection broke. Called at most once; the socket is still open for writing.
    virtual void on_end() = 0;
    // Some output was taken after flush() could not send everything.
    virtual void on_progress() {}

    Reactor& reactor() { return reactor_; }
    // The peer has said that its input is whole. Without TLS its closing says so.
    bool ended_in_order() const { return !tls_ || tls_->closed_in_order(); }
    // Why TLS failed; "" where it did not.
    bool peer_refused() const { return tls_ && tls_->peer_refused(); }
    std::string_view tls_failure() const { return tls_ ? std::string_view(tls_->failure()) : std::string_view(); }
    // Input has come that was not handed on yet.
    bool has_buffered_input() const { return tls_ && tls_->has_input(); }

  private:
    void handle_writable();
    void handle_readable();
    void handle_tls_readable();
    void shake_hands();
    void resume_tls();
    std::size_t send_tls();
    void settle_output();
    void end();
    void send_output();
    void update_interest();

    Reactor& reactor_;
    core::FileDescriptor descriptor_;
    std::unique_ptr<TlsSession> tls_;     // null: plain
    std::unique_ptr<Timer> tls_resumes_;  // hands on what TLS held while reading was paused
    std::string output_;
    std::size_t sent_ = 0;
    std::uint32_t interest_ = 0;
    bool connecting_;
    bool sees_hangup_;
    bool paused_ = false;
    bool ended_ = false;
};

}  // namespace scale::rollout::http
