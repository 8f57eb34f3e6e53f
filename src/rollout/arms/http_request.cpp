#include "rollout/arms/http_request.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/text.h"
#include "rollout/http/address.h"
#include "rollout/http/tls_session.h"

namespace scale::rollout {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t largest_answer = 16 << 20;

std::optional<std::uint16_t> port_number(std::string_view text) {
    std::uint16_t port = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return port;
}

bool wait_until(int socket, short event, Clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd entry{socket, event, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(left));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

core::FileDescriptor connect_to(const Address& address, Clock::time_point deadline, std::string& problem) {
    std::vector<http::SocketAddress> addresses;
    try {
        addresses = http::resolve(address.host, address.port);
    } catch (const core::Error& failure) {
        problem = failure.found();
        return {};
    }
    for (const auto& candidate : addresses) {
        core::FileDescriptor socket = http::start_connecting(candidate);
        int status = socket ? ETIMEDOUT : errno;
        socklen_t size = sizeof status;
        if (socket && wait_until(socket.get(), POLLOUT, deadline))
            ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &status, &size);
        if (status == 0) return socket;
        problem = fmt::format("cannot connect to {}: {}", candidate.text(), std::strerror(status));
    }
    return {};
}

// Servers often cut their connections under TLS, so the end of the stream is not waited for where the answer says how
// long it is.
bool is_whole(const std::string& all) {
    const auto end = all.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    const std::string head = core::to_lower(std::string_view(all).substr(0, end + 2));
    if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) return all.ends_with("\r\n0\r\n\r\n");
    constexpr std::string_view name = "\r\ncontent-length: ";
    const auto field = head.find(name);
    if (field == std::string::npos) return false;
    std::size_t length = 0;
    const auto parsed = std::from_chars(head.data() + field + name.size(), head.data() + head.size(), length);
    return parsed.ec == std::errc{} && all.size() - (end + 4) >= length;
}

// A connected socket, plain or under TLS, until the deadline.
class Line {
  public:
    Line(int socket, const HttpCall& request, const std::string& host, Clock::time_point deadline)
        : socket_(socket), deadline_(deadline) {
        if (request.tls) tls_.emplace(*request.tls, socket, host);
    }

    // Under TLS the handshake.
    bool open() {
        return !tls_ || settled([&] { return tls_->handshake(); });
    }

    bool send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            std::size_t taken = 0;
            if (!settled([&] { return send(bytes, taken); })) return false;
            bytes.remove_prefix(taken);
        }
        return true;
    }

    // We ask for the connection to be closed after the answer, so the end of the stream ends it at the latest.
    std::optional<std::string> receive_all() {
        std::string all;
        std::string block(16384, '\0');
        while (all.size() <= largest_answer) {
            std::size_t got = 0;
            if (settled([&] { return receive(block, got); })) {
                all.append(block, 0, got);
                if (is_whole(all)) return all;
                continue;
            }
            if (ended_) return all;
            break;
        }
        return std::nullopt;
    }

    std::string failure() const { return tls_ ? tls_->failure() : std::string(); }

  private:
    using Result = http::TlsSession::Result;

    // Repeats the step until it is done; false where it cannot be.
    template <typename Step>
    bool settled(Step step) {
        for (;;) {
            if (tls_) tls_->start_turn();
            const Result result = step();
            if (result == Result::done) return true;
            ended_ = result == Result::closed;
            if (result != Result::wait) return false;
            const bool writes = tls_ ? tls_->wants_write() : sending_;
            if (!wait_until(socket_, writes ? POLLOUT : POLLIN, deadline_)) return false;
        }
    }

    Result send(std::string_view bytes, std::size_t& taken) {
        if (tls_) return tls_->write(bytes, taken);
        sending_ = true;
        const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) return again();
        taken = static_cast<std::size_t>(sent);
        return Result::done;
    }

    Result receive(std::string& block, std::size_t& got) {
        if (tls_) return tls_->read(block, got);
        sending_ = false;
        const ssize_t count = ::recv(socket_, block.data(), block.size(), 0);
        if (count < 0) return again();
        got = static_cast<std::size_t>(count);
        return count == 0 ? Result::closed : Result::done;
    }

    static Result again() { return errno == EAGAIN || errno == EINTR ? Result::wait : Result::failed; }

    const int socket_;
    const Clock::time_point deadline_;
    std::optional<http::TlsSession> tls_;
    bool sending_ = false;
    bool ended_ = false;
};

std::string unchunked(std::string_view body) {
    std::string plain;
    for (;;) {
        std::size_t size = 0;
        const auto parsed = std::from_chars(body.data(), body.data() + body.size(), size, 16);
        const auto line = body.find("\r\n");
        if (parsed.ec != std::errc{} || size == 0 || line == std::string_view::npos) return plain;
        body.remove_prefix(line + 2);
        if (size > body.size()) return plain;
        plain += body.substr(0, size);
        body.remove_prefix(std::min(body.size(), size + 2));
    }
}

std::optional<HttpAnswer> parsed_answer(const std::string& all) {
    const auto end = all.find("\r\n\r\n");
    if (end == std::string::npos || all.compare(0, 7, "HTTP/1.") != 0 || all.size() < 12) return std::nullopt;
    HttpAnswer answer;
    const auto parsed = std::from_chars(all.data() + 9, all.data() + 12, answer.status);
    if (parsed.ec != std::errc{}) return std::nullopt;
    const std::string head = core::to_lower(std::string_view(all).substr(0, end));
    answer.body = all.substr(end + 4);
    if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) answer.body = unchunked(answer.body);
    return answer;
}

// "host:port" or "[IPv6]:port"; without a port it is `default_port`, where there is one.
std::optional<Address> read_authority(std::string_view text, std::optional<std::uint16_t> default_port) {
    Address address;
    std::string_view rest;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        address.host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else {
        const auto colon = text.find(':');
        address.host = text.substr(0, colon);
        rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
    }
    const auto port = rest.empty() ? default_port : rest.starts_with(':') ? port_number(rest.substr(1)) : std::nullopt;
    if (address.host.empty() || !port) return std::nullopt;
    address.port = *port;
    return address;
}

}  // namespace

Address parse_url(const std::string& url, const std::string& setting) {
    const auto bad = [&] {
        return core::input_error(fmt::format("{} is '{}'", setting, url),
                                 "http://HOST:PORT or http://HOST:PORT/PREFIX, or the same with https://");
    };
    const bool secure = url.starts_with("https://");
    if (!secure && !url.starts_with("http://")) throw bad();
    const std::string rest = url.substr(url.find("//") + 2);
    const auto slash = rest.find('/');
    std::string base_path = slash == std::string::npos ? "" : rest.substr(slash);
    while (base_path.ends_with('/')) base_path.pop_back();
    auto address = read_authority(rest.substr(0, slash), secure ? 443 : 80);
    if (!address || address->port == 0 || url.find_first_of(" \r\n@?#") != std::string::npos) throw bad();
    address->base_path = std::move(base_path);
    address->secure = secure;
    return *address;
}

Address parse_listen(const std::string& text, const std::string& setting) {
    if (const auto address = read_authority(text, std::nullopt)) return *address;
    throw core::input_error(fmt::format("{} is '{}'", setting, text),
                            "ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080");
}

std::string authority_of(const std::string& host, std::uint16_t port) {
    return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::optional<HttpAnswer> call(const Address& address, const HttpCall& request, std::string* problem) {
    const auto deadline = Clock::now() + request.limit;
    std::string reason;
    std::optional<HttpAnswer> answer;
    if (const auto socket = connect_to(address, deadline, reason)) {
        std::string head = fmt::format("{} {}{} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", request.method,
                                       address.base_path, request.path, authority_of(address.host, address.port));
        for (const auto& [name, value] : request.headers) head += fmt::format("{}: {}\r\n", name, value);
        if (!request.body.empty() || request.method == "POST")
            head += fmt::format("Content-Length: {}\r\n", request.body.size());
        reason = "no answer from " + authority_of(address.host, address.port);
        Line line(socket.get(), request, address.host, deadline);
        if (line.open() && line.send_all(head + "\r\n" + request.body))
            if (const auto all = line.receive_all()) answer = parsed_answer(*all);
        if (const std::string failure = line.failure(); !failure.empty()) reason += ": no TLS: " + failure;
    }
    if (!answer && problem) *problem = reason;
    return answer;
}

}  // namespace scale::rollout
