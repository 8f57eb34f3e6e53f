// TLS over one non-blocking socket: OpenSSL makes the records, a BIO of our own moves them.
//
// Bounds: one call takes at most turn_bytes from the socket, so that a peer who sends without end leaves the event loop
// to others; OpenSSL holds at most one record (16 KiB) each way, nothing while idle, and during the handshake at most
// 128 KiB of a client's hello and 100 KiB of a server's certificates. Time is bounded by the socket's owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "rollout/http/tls_context.h"

struct ssl_st;

namespace scale::rollout::http {

class TlsSession {
  public:
    // `host`: name or number that a server's certificate must be for; ignored for a listener's context. The descriptor
    // must outlive the session.
    TlsSession(const TlsContext& context, int descriptor, const std::string& host);
    ~TlsSession();
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;

    enum class Result : std::uint8_t {
        done,
        wait,    // for the socket: readable, and where wants_write() writable
        closed,  // the peer has said that nothing follows
        failed,  // see failure()
    };

    bool established() const { return established_; }
    Result handshake();

    // done: `count` bytes of `into` are filled, at least one.
    Result read(std::span<char> into, std::size_t& count);
    // done: `count` bytes were taken, at least one. After wait the same bytes must come first again.
    Result write(std::string_view bytes, std::size_t& count);
    // Says that nothing follows; the peer may go on sending.
    void end_output();

    bool wants_write() const { return wants_write_; }
    bool closed_in_order() const { return closed_; }
    // Input that the socket no longer holds, so that no event will announce it.
    bool has_input() const;
    // The bound begins anew; to be called once for each event.
    void start_turn() { turn_ = turn_bytes; }

    // Why the handshake or the connection failed, for people; "" while it lives.
    const std::string& failure() const { return failure_; }
    // It failed because the peer showed no certificate, or one that does not do.
    bool peer_refused() const { return peer_refused_; }

  private:
    friend struct SocketBio;
    static constexpr std::size_t turn_bytes = 256 << 10;
    struct Free {
        void operator()(ssl_st* session) const;
    };
    Result result_of(int returned);
    void fail();

    const int descriptor_;
    std::unique_ptr<ssl_st, Free> session_;
    std::size_t turn_ = turn_bytes;
    std::string failure_;
    bool peer_refused_ = false;
    bool established_ = false;
    bool wants_write_ = false;
    bool closed_ = false;
    bool output_ended_ = false;
};

}  // namespace scale::rollout::http
