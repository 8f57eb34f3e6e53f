// The server's side of one client connection: reads requests strictly, one at a time (pipelined ones wait their turn),
// and sends the replies that its service makes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"
#include "rollout/http/socket.h"

namespace scale::rollout::http {

const char* reason_phrase(int status);

struct ServerTimes {
    // For a request's head to arrive, from its first byte; for a TLS handshake and the first byte behind it together.
    std::chrono::milliseconds head{10'000};
    std::chrono::milliseconds body{60'000};   // for its body
    std::chrono::milliseconds idle{60'000};   // between requests
    std::chrono::milliseconds write{60'000};  // for the client to take any byte
    std::chrono::milliseconds linger{2'000};  // for a refused client to stop sending
};

class ServerConnection;

// What a server does with requests. Every accepted request gets exactly one reply (begin … end, or reply) or cut().
class Service {
  public:
    virtual ~Service() = default;
    // head() and body() of the connection stay valid until the reply has ended.
    virtual void on_request(ServerConnection& connection) = 0;
    // The client went away or stopped taking bytes while its request was open; no reply is possible any more.
    virtual void on_abort(ServerConnection& connection) = 0;
    // Under TLS: the handshake is done.
    virtual void on_secured(ServerConnection&) {}
    // The client took some bytes; see unsent().
    virtual void on_progress(ServerConnection& connection) = 0;
    // The body of the answer to a request that could not be read; JSON.
    virtual std::string refusal_body(const Refusal& refusal) = 0;
    // Last call: the service disposes of the connection.
    virtual void on_closed(ServerConnection& connection) = 0;
};

class ServerConnection final : public Socket {
  public:
    // `tls`: null for a plain connection.
    ServerConnection(Reactor& reactor, core::FileDescriptor descriptor, bool loopback, Service& service,
                     const Limits& limits, const ServerTimes& times, const TlsContext* tls = nullptr);

    const Head& head() const { return parser_.head(); }
    const std::string& body() const { return body_; }
    bool from_loopback() const { return loopback_; }
    bool busy() const { return state_ == State::open; }
    using Socket::peer_refused;
    using Socket::tls_failure;

    // A whole reply. `headers` are complete lines, each with its CR LF, without framing and connection headers.
    void reply(int status, std::string_view headers, std::string_view body);

    // A reply in pieces. `length` is the body's, or -1 where it is not known: chunks are used then, or the end of the
    // connection for an HTTP/1.0 client. Nothing is sent before flush_reply or end.
    void begin(int status, std::string_view headers, std::int64_t length);
    void send_body(std::string_view piece);
    void flush_reply() { flush(); }
    void end();
    bool begun() const { return reply_begun_; }

    // Ends a reply that cannot be completed: what was put is sent, then the connection closes.
    void cut();

    // Context of the service for the open request.
    void* context = nullptr;

    // Closes now if no request is open, otherwise after the reply.
    void finish_up();
    void close_now();

  private:
    enum class State : std::uint8_t { head, body, open, lingering, closed };

    void on_connected() override { service_.on_secured(*this); }
    void on_input(std::string_view bytes) override;
    void on_end() override;
    void on_progress() override;

    void process(std::string_view& input);
    bool read_head(std::string_view& input);
    bool read_body(std::string_view& input);
    void refuse(const Refusal& refusal);
    void on_timeout();
    void linger();
    void next_request();

    Service& service_;
    const Limits& limits_;
    const ServerTimes& times_;
    HeadParser parser_;
    BodyDecoder decoder_;
    Timer timer_;
    std::string body_;
    std::string waiting_;  // input behind the open request
    State state_ = State::head;
    bool loopback_;
    bool keep_alive_ = true;
    bool processing_ = false;
    bool reply_begun_ = false;
    bool chunked_ = false;
    bool head_only_ = false;
};

}  // namespace scale::rollout::http
