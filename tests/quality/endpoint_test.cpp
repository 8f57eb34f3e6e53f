// Asking a server that is not well: a socket of our own plays it, answer by answer.
#include "quality/endpoint/endpoint.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "support/fake_server.h"

namespace scale::quality {
namespace {

using test::FakeServer;
using test::http;

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
