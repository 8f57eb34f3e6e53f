// Blocking HTTP over real sockets for tests, plain or under OpenSSL: a client that says exactly what it is told, and a
// server that follows a script for each connection. Waits are bounded only so that a broken program fails instead of
// hanging.
#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <fcntl.h>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include <openssl/ssl.h>

#include "core/file.h"
#include "core/text.h"
#include "rollout/http/address.h"
#include "rollout/http/body_decoder.h"
#include "rollout/http/head_parser.h"

namespace scale::test {

struct Message {
    bool complete = false;  // false: the peer closed, or sent something malformed, before the end
    int status = 0;
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
};

class Peer {
  public:
    explicit Peer(core::FileDescriptor socket, SSL_CTX* tls = nullptr) : socket_(std::move(socket)) {
        const timeval limit{20, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (tls == nullptr) return;
        std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's socket BIO, which the test's side uses, raises it
        tls_.reset(SSL_new(tls), SSL_free);
        SSL_set_fd(tls_.get(), socket_.get());
    }

    // The OpenSSL session; null where the connection is plain. Nobody has shaken hands yet.
    SSL* tls() const { return tls_.get(); }
    bool shake_hands() { return (SSL_is_server(tls()) ? SSL_accept(tls()) : SSL_connect(tls())) == 1; }

    // False where the other side is gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t count = tls_ ? SSL_write(tls(), bytes.data(), static_cast<int>(bytes.size()))
                                       : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (count <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(count));
        }
        return true;
    }

    Message read_request() { return read(rollout::http::HeadParser::Kind::request); }
    Message read_response() { return read(rollout::http::HeadParser::Kind::response); }

    // Reads until `text` has come; everything up to it is returned and taken. "" where the peer closed before.
    std::string read_through(std::string_view text) {
        for (;;) {
            if (const auto at = input_.find(text); at != std::string::npos) {
                const std::string taken = input_.substr(0, at + text.size());
                input_.erase(0, at + text.size());
                return taken;
            }
            if (!receive()) return "";
        }
    }

    std::string read_to_end() {
        while (receive()) {
        }
        return std::exchange(input_, {});
    }
    bool closed_by_peer() { return input_.empty() && !receive(); }

    void close() { socket_.reset(); }
    // Closing with a reset rather than an orderly end.
    void abort() {
        const linger now{1, 0};
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
        socket_.reset();
    }
    int descriptor() const { return socket_.get(); }

  private:
    bool receive() {
        char buffer[16384];
        const ssize_t got =
            tls_ ? SSL_read(tls(), buffer, sizeof buffer) : ::recv(socket_.get(), buffer, sizeof buffer, 0);
        if (got <= 0) return false;
        input_.append(buffer, static_cast<std::size_t>(got));
        return true;
    }

    Message read(rollout::http::HeadParser::Kind kind) {
        Message message;
        rollout::http::Limits limits;
        rollout::http::HeadParser parser(kind, limits);
        auto progress = rollout::http::Progress::more;
        while (progress == rollout::http::Progress::more) {
            if (input_.empty() && !receive()) return message;
            std::string_view view(input_);
            progress = parser.feed(view);
            input_.erase(0, input_.size() - view.size());
        }
        if (progress != rollout::http::Progress::done) return message;
        const auto& head = parser.head();
        message.status = head.status;
        message.method = head.method;
        message.target = head.target;
        for (const auto& [name, value] : head.headers) message.headers[core::to_lower(name)] = value;
        if (message.status >= 100 && message.status < 200) {
            message.complete = true;
            return message;
        }
        read_body(head, limits, message);
        return message;
    }

    void read_body(const rollout::http::Head& head, const rollout::http::Limits& limits, Message& message) {
        rollout::http::BodyDecoder decoder(head, limits, 0);
        for (;;) {
            std::string_view view(input_);
            const auto piece = decoder.next(view);
            message.body += piece.content;
            input_.erase(0, input_.size() - view.size());
            if (piece.progress == rollout::http::Progress::refused) return;
            message.complete = piece.progress == rollout::http::Progress::done;
            if (message.complete) return;
            if (input_.empty() && !receive()) {
                message.complete = decoder.ends_with_connection();
                return;
            }
        }
    }

    core::FileDescriptor socket_;
    std::shared_ptr<SSL> tls_;
    std::string input_;
};

inline Peer connect_to(std::uint16_t port, SSL_CTX* tls = nullptr) {
    core::FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto address = rollout::http::resolve("127.0.0.1", port).front();
    ::connect(socket.get(), address.get(), address.size);
    return Peer(std::move(socket), tls);
}

// Accepts connections and runs the script for each in a thread of its own.
class ScriptedServer {
  public:
    // With `tls` the script begins after the handshake, and only where that succeeds.
    explicit ScriptedServer(std::function<void(Peer&)> script, SSL_CTX* tls = nullptr)
        : script_(std::move(script)),
          tls_(tls),
          listener_(rollout::http::listen_on(rollout::http::resolve("127.0.0.1", 0).front())),
          port_(rollout::http::local_port(listener_.get())) {
        const int flags = ::fcntl(listener_.get(), F_GETFL);
        ::fcntl(listener_.get(), F_SETFL, flags & ~O_NONBLOCK);
        acceptor_ = std::thread([this] { accept_loop(); });
    }
    ~ScriptedServer() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
        }
        for (auto& thread : threads_) thread.join();
    }

    std::uint16_t port() const { return port_; }
    int connections() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }

  private:
    void accept_loop() {
        for (;;) {
            core::FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!socket) return;
            const int on = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
            const int number = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0);
            const std::lock_guard lock(mutex_);
            ++count_;
            open_.push_back(number);
            threads_.emplace_back([this, peer = std::make_shared<Peer>(std::move(socket), tls_), number] {
                if (tls_ == nullptr || peer->shake_hands()) script_(*peer);
                const std::lock_guard inner(mutex_);
                std::erase(open_, number);
                ::close(number);
                peer->close();
            });
        }
    }

    std::function<void(Peer&)> script_;
    SSL_CTX* tls_;
    core::FileDescriptor listener_;
    std::uint16_t port_;
    mutable std::mutex mutex_;
    int count_ = 0;
    std::vector<int> open_;
    std::vector<std::thread> threads_;
    std::thread acceptor_;
};

}  // namespace scale::test
