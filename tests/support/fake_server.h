// An HTTP server that is not well: a socket of our own plays it, answer by answer.
#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace scale::test {

// Answers every connection by `reply(number, request)`, a whole HTTP response, until it is destroyed.
class FakeServer {
  public:
    explicit FakeServer(std::function<std::string(int, const std::string&)> reply) : reply_(std::move(reply)) {
        socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(::listen(socket_, 16), 0);
        socklen_t length = sizeof address;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length);
        url = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
        thread_ = std::jthread([this] { serve(); });
    }
    ~FakeServer() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }

    std::string url;
    std::atomic<int> asked{0};

  private:
    void serve() {
        for (int client; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
            std::string request;
            char chunk[4096];
            while (!complete(request)) {
                const ssize_t got = ::read(client, chunk, sizeof chunk);
                if (got <= 0) break;
                request.append(chunk, static_cast<std::size_t>(got));
            }
            const std::string answer = reply_(asked++, request);
            EXPECT_EQ(::write(client, answer.data(), answer.size()), static_cast<ssize_t>(answer.size()));
            ::close(client);
        }
    }
    static bool complete(const std::string& request) {
        const std::size_t head = request.find("\r\n\r\n");
        if (head == std::string::npos) return false;
        const std::size_t length = request.find("Content-Length: ");
        return length == std::string::npos ||
               request.size() >= head + 4 + std::strtoul(request.c_str() + length + 16, nullptr, 10);
    }

    std::function<std::string(int, const std::string&)> reply_;
    int socket_ = -1;
    std::jthread thread_;
};

inline std::string http(const std::string& status, const std::string& body) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
}

}  // namespace scale::test
