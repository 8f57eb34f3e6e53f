// Asking a server that is not well: a socket of our own plays it, answer by answer.
#include "quality/endpoint/endpoint.h"

#include <arpa/inet.h>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::quality {
namespace {

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

std::string http(const std::string& status, const std::string& body) {
    return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
}

const std::string models = http("200 OK", R"({"data": [{"id": "tiny"}, {"id": "other"}]})");

Item question() {
    Item item;
    item.id = "reasoning/0";
    item.chat = true;
    item.prompt = "Who?";
    item.mode = scoring::generation;
    item.answer_tokens = 8;
    item.check = {{"kind", "word"}, {"answer", "Ben"}, {"others", {"Anna"}}};
    return item;
}

std::string said(const core::Json& content, const char* finish) {
    return http("200 OK",
                core::canonical({{"choices", {{{"message", {{"content", content}}}, {"finish_reason", finish}}}},
                                 {"usage", {{"completion_tokens", 3}}}}));
}

TEST(Endpoint, AsksGreedilyByNameAndJudgesTheAnswer) {
    std::string asked;
    const FakeServer server([&](int number, const std::string& request) {
        if (number > 0) asked = request;
        return number == 0 ? models : said("It is Ben.", "length");
    });
    const Endpoint endpoint({server.url + "/", "other", ""});
    const Item item = question();
    const Item* const items[] = {&item};
    const Answer answer = endpoint.write_answers(items).front();
    EXPECT_TRUE(answer.given && answer.right && answer.capped);
    EXPECT_EQ(answer.tokens, 3);
    EXPECT_NE(asked.find("POST /v1/chat/completions"), std::string::npos);
    const core::Json body = core::Json::parse(asked.substr(asked.find("\r\n\r\n") + 4));
    EXPECT_EQ(body.at("model"), "other");
    EXPECT_EQ(body.at("temperature"), 0);
    EXPECT_EQ(body.at("max_tokens"), 8);
    EXPECT_EQ(body.at("messages")[0].at("content"), "Who?");
}

TEST(Endpoint, ABusyServerIsAskedAgain) {
    const FakeServer server([&](int number, const std::string&) {
        if (number == 0) return models;
        return number < 3 ? http("503 Service Unavailable", "{}") : said("Ben", "stop");
    });
    const Endpoint endpoint({server.url, "", ""});
    const Item item = question();
    const Item* const items[] = {&item};
    EXPECT_TRUE(endpoint.write_answers(items).front().right);
    EXPECT_EQ(server.asked, 4);
}

TEST(Endpoint, ARefusalIsReportedInTheServersWordsAtOnce) {
    const FakeServer server([&](int number, const std::string&) {
        return number == 0 ? models : http("400 Bad Request", R"({"error": {"message": "max_tokens too large"}})");
    });
    const Endpoint endpoint({server.url, "", ""});
    const Item item = question();
    const Item* const items[] = {&item};
    try {
        endpoint.write_answers(items);
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_NE(std::string(error.what()).find("max_tokens too large"), std::string::npos) << error.what();
    }
    EXPECT_EQ(server.asked, 2);
}

TEST(Endpoint, AnAnswerWithoutContentIsABlankOne) {
    const FakeServer server(
        [&](int number, const std::string&) { return number == 0 ? models : said(nullptr, "stop"); });
    const Endpoint endpoint({server.url, "", ""});
    const Item item = question();
    const Item* const items[] = {&item};
    const Answer answer = endpoint.write_answers(items).front();
    EXPECT_TRUE(answer.given);
    EXPECT_FALSE(answer.right);
}

TEST(Endpoint, WhatIsNoListOfModelsIsRefused) {
    for (const std::string& body :
         {std::string("<html>"), std::string(R"({"data": []})"), std::string(R"({"data": 3})")}) {
        const FakeServer server([&](int, const std::string&) { return http("200 OK", body); });
        EXPECT_THROW(Endpoint({server.url, "", ""}), core::Error) << body;
    }
}

}  // namespace
}  // namespace scale::quality
