// Our side of a connection to a server: one request at a time, its response handed on piece by piece.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "rollout/http/address.h"
#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"
#include "rollout/http/socket.h"

namespace scale::rollout::http {

enum class ClientFailure : std::uint8_t {
    unreachable,  // no connection
    no_response,  // the connection ended before any byte of a response
    malformed,    // not HTTP as we accept it
    broken,       // the connection ended within the response
};

class ResponseSink {
  public:
    virtual ~ResponseSink() = default;
    virtual void on_head(const Head& head) = 0;  // interim (1xx) responses are passed over
    virtual void on_body(std::string_view piece) = 0;
    // All that the last read brought has been handed on.
    virtual void on_batch() = 0;
    // The response is complete. The connection is the sink's no longer: it may already serve another.
    virtual void on_complete() = 0;
    // As on_complete; `reason` is for people.
    virtual void on_failure(ClientFailure failure, std::string_view reason) = 0;
};

class ClientConnection final : public Socket {
  public:
    // `on_free` is called when the connection can take another request, `on_gone` when it cannot any more: last call.
    struct Owner {
        virtual ~Owner() = default;
        virtual void on_free(ClientConnection& connection) = 0;
        virtual void on_gone(ClientConnection& connection) = 0;
    };

    // `descriptor`: connect() to the first of `addresses` is under way; the others are tried in turn. `connect_time` is
    // for all of them together, and for the TLS handshake where `tls` is given; `host` is then the server's name.
    ClientConnection(Reactor& reactor, core::FileDescriptor descriptor, std::vector<SocketAddress> addresses,
                     Owner& owner, const Limits& limits, std::chrono::milliseconds connect_time,
                     std::shared_ptr<const TlsContext> tls = nullptr, std::string host = {});

    // `request` holds the whole message. `head_request`: the method is HEAD.
    void start(std::string_view head, std::string_view body, bool head_request, ResponseSink& sink);
    // Drops the request and the connection; no more calls to the sink.
    void cancel();

    std::uint64_t requests() const { return requests_; }  // started so far
    bool free() const { return sink_ == nullptr; }

  private:
    void on_connected() override;
    void on_input(std::string_view bytes) override;
    void on_end() override;

    bool try_next_address();
    bool read_head(std::string_view& input);
    bool read_body(std::string_view& input);
    void fail(ClientFailure failure, std::string_view reason);
    void gone();

    Owner& owner_;
    const Limits& limits_;
    std::vector<SocketAddress> addresses_;  // not tried yet
    const std::shared_ptr<const TlsContext> tls_context_;
    const std::string host_;
    HeadParser parser_;
    BodyDecoder decoder_;
    Timer connect_timer_;
    ResponseSink* sink_ = nullptr;
    std::uint64_t requests_ = 0;
    bool connected_ = false;
    bool head_request_ = false;
    bool received_ = false;
    bool in_body_ = false;
    bool gone_ = false;
};

}  // namespace scale::rollout::http
