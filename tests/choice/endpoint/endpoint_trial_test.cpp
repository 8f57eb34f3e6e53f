// What the trial of stage C makes of names that cannot be meant and of servers that are not well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "choice/endpoint/load.h"
#include "choice/endpoint/servers.h"
#include "core/error.h"
#include "support/fake_server.h"

namespace scale::choice {
namespace {

using test::FakeServer;
using test::http;
using testing::HasSubstr;

const std::string models = http("200 OK", R"({"data": [{"id": "tiny"}]})");
const client::ServerAdvice advice{"correct it", "leave it out"};

std::string events(int tokens, bool usage) {
    std::string body;
    for (int i = 0; i < tokens; ++i)
        body += "data: " + core::canonical({{"choices", {{{"text", "word "}, {"finish_reason", nullptr}}}}}) + "\n\n";
    if (usage)
        body += "data: " +
                core::canonical({{"choices", core::Json::array()},
                                 {"usage", {{"prompt_tokens", 5}, {"completion_tokens", tokens}}}}) +
                "\n\n";
    return body + "data: [DONE]\n\n";
}

// The error of one request to a server that answers it so.
std::string refused(const std::string& answer, int tokens = 8) {
    const FakeServer fake([&](int number, const std::string&) { return number == 0 ? models : answer; });
    const client::ModelServer server({fake.url, "", ""}, advice);
    try {
        ask_alone(server, Api::completions, {1, tokens}, {"one two", 5});
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        return error.found();
    }
    return "no error";
}

std::string parsed(const std::vector<std::string>& endpoints) {
    try {
        connect_servers({endpoints, ""});
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::usage) << error.what();
        return error.found() + " / " + error.next();
    }
    return "no error";
}

TEST(Endpoints, NamesThatCannotBeMeant) {
    EXPECT_THAT(parsed({"http://a:1"}), HasSubstr("which server is whose"));
    EXPECT_THAT(parsed({"original=a:1"}), HasSubstr("which server is whose"));
    EXPECT_THAT(parsed({"w8a9=http://a:1"}), HasSubstr("did you mean 'w8a8'"));
    EXPECT_THAT(parsed({"q8_0=http://a:1"}), HasSubstr("no candidate for a server"));
    EXPECT_THAT(parsed({"w8a8=http://a:1"}), HasSubstr("no --endpoint names the original's server"));
    EXPECT_THAT(parsed({"original=http://a:1"}), HasSubstr("the original's server alone"));
    EXPECT_THAT(parsed({"w8a8=http://a:1", "original=http://b:1", "W8A8-INT8=http://c:1"}), HasSubstr("twice"));
}

TEST(Endpoints, TheOriginalComesFirstAndOneServerIsNotTwo) {
    const FakeServer one([](int, const std::string&) { return models; }),
        other([](int, const std::string&) { return models; });
    const auto servers = connect_servers({{"w8a8=" + other.url, "original=" + one.url}, ""});
    EXPECT_EQ(servers[0].candidate, "original");
    EXPECT_EQ(servers[0].server.address(), one.url + "/v1");
    EXPECT_EQ(servers[1].candidate, "W8A8-INT8");
    try {
        connect_servers({{"gptq=" + one.url + "/v1/", "original=" + one.url}, ""});
        FAIL();
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr("have the same server"));
    }
}

TEST(TimedRequest, CountsTokensAsTheServerDoes) {
    std::string asked;
    const FakeServer fake([&](int number, const std::string& request) {
        if (number > 0) asked = request;
        return number == 0 ? models : http("200 OK", events(8, true));
    });
    const client::ModelServer server({fake.url, "", ""}, advice);
    const Timing timing = ask_alone(server, Api::completions, {1, 8}, {"one two", 5});
    EXPECT_EQ(timing.prompt_tokens, 5);
    EXPECT_EQ(timing.completion_tokens, 8);
    EXPECT_EQ(timing.pieces, 8);
    EXPECT_GT(timing.first_token, 0);
    const core::Json body = core::Json::parse(asked.substr(asked.find("\r\n\r\n") + 4));
    EXPECT_EQ(body.at("stream"), true);
    EXPECT_EQ(body.at("ignore_eos"), true);
    EXPECT_EQ(body.at("max_tokens"), 8);
    EXPECT_EQ(body.at("prompt"), "one two");
}

TEST(TimedRequest, AServerThatIsNotWellIsNamed) {
    EXPECT_THAT(refused(http("200 OK", R"({"choices": [{"text": "all of it"}]})")), HasSubstr("does not stream"));
    EXPECT_THAT(refused(http("200 OK", events(8, false))), HasSubstr("how many tokens"));
    EXPECT_THAT(refused(http("200 OK", events(3, true))), HasSubstr("ends an answer after 3 tokens where 8"));
    EXPECT_THAT(refused(http("401 Unauthorized", "no key")), HasSubstr("status 401: no key"));
    EXPECT_THAT(refused(http("500 Oops", "engine died")), HasSubstr("status 500: engine died"));
    EXPECT_THAT(refused(http("200 OK", "data: {\"error\": {\"message\": \"out of memory\"}}\n\n")),
                HasSubstr("out of memory"));
}

TEST(Load, TheFirstErrorOfAnyRequestEndsIt) {
    const FakeServer fake([&](int number, const std::string&) {
        if (number == 0) return models;
        return number < 3 ? http("200 OK", events(4, true)) : http("500 Oops", "engine died");
    });
    const client::ModelServer server({fake.url, "", ""}, advice);
    const std::vector<Prompt> prompts(6, Prompt{"one", 5});
    EXPECT_THROW(run_load(server, Api::completions, {2, 4}, prompts), core::Error);
}

TEST(Load, ChatWhereThereAreNoCompletions) {
    const FakeServer fake([&](int number, const std::string& request) {
        if (number == 0) return models;
        return request.find("/chat/completions") == std::string::npos ? http("404 Not Found", "")
                                                                      : http("200 OK", "data: {}\n\n");
    });
    const client::ModelServer server({fake.url, "", ""}, advice);
    EXPECT_EQ(find_api(server), Api::chat);
    const FakeServer refusing(
        [&](int number, const std::string&) { return number == 0 ? models : http("404 Not Found", "nothing here"); });
    EXPECT_THROW(find_api(client::ModelServer({refusing.url, "", ""}, advice)), core::Error);
}

}  // namespace
}  // namespace scale::choice
