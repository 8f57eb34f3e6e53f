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

bool send_all(int socket, std::string_view bytes, Clock::time_point deadline) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent > 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (sent < 0 && errno == EAGAIN && !wait_until(socket, POLLOUT, deadline))
            return false;
        else if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return false;
    }
    return true;
}

// We ask for the connection to be closed after the answer, so the end of the stream ends it.
std::optional<std::string> receive_all(int socket, Clock::time_point deadline) {
    std::string all;
    char block[16384];
    while (all.size() <= largest_answer && wait_until(socket, POLLIN, deadline)) {
        const ssize_t got = ::recv(socket, block, sizeof block, 0);
        if (got == 0) return all;
        if (got > 0)
            all.append(block, static_cast<std::size_t>(got));
        else if (errno != EAGAIN && errno != EINTR)
            return std::nullopt;
    }
    return std::nullopt;
}

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
    const std::string scheme = "http://";
    const auto bad = [&] {
        return core::input_error(fmt::format("{} is '{}'", setting, url), "http://HOST:PORT or http://HOST:PORT/PREFIX",
                                 url.starts_with("https://") ? "put a local TLS proxy in front of that server" : "");
    };
    if (!url.starts_with(scheme)) throw bad();
    const std::string rest = url.substr(scheme.size());
    const auto slash = rest.find('/');
    std::string base_path = slash == std::string::npos ? "" : rest.substr(slash);
    while (base_path.ends_with('/')) base_path.pop_back();
    auto address = read_authority(rest.substr(0, slash), 80);
    if (!address || address->port == 0 || url.find_first_of(" \r\n@?#") != std::string::npos) throw bad();
    address->base_path = std::move(base_path);
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
        if (send_all(socket.get(), head + "\r\n" + request.body, deadline))
            if (const auto all = receive_all(socket.get(), deadline)) answer = parsed_answer(*all);
    }
    if (!answer && problem) *problem = reason;
    return answer;
}

}  // namespace scale::rollout
