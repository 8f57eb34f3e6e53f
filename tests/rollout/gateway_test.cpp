#include <future>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using rollout::Admit;
using rollout::Arm;
using rollout::Feedback;
using rollout::Finish;
using rollout::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

core::Json error_of(const Message& message) {
    return core::Json::parse(message.body, nullptr, false).value("error", core::Json::object());
}

TEST(Gateway, PassesARequestThroughUnchangedAndLogsIt) {
    GatewayRig rig;
    std::promise<Message> seen;
    rig.serve_original([&](Peer& peer) {
        seen.set_value(peer.read_request());
        peer.send(http_answer(200, chat_answer, "X-Kept: 1\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n"));
        peer.read_request();
    });
    rig.start();
    const std::string body = "{ \"messages\": [],\n \"user\": \"ann\", \"model\": \"m\", \"x\": 1.50 }";
    const Message reply =
        rig.ask(post("/v1/chat/completions?a=b", body,
                     "X-Request-Id: my-1\r\nAuthorization: Bearer k\r\nTE: trailers\r\n"
                     "Connection: X-Drop\r\nX-Drop: 1\r\nX-Scale-Unit: u\r\nAccept-Encoding: gzip\r\n"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, chat_answer);
    EXPECT_EQ(reply.headers.at("x-request-id"), "my-1");
    EXPECT_EQ(reply.headers.at("x-kept"), "1");
    EXPECT_FALSE(reply.headers.contains("x-hop"));
    const Message upstream = seen.get_future().get();
    EXPECT_EQ(upstream.target, "/v1/chat/completions?a=b");
    EXPECT_EQ(upstream.body, body);
    EXPECT_EQ(upstream.headers.at("authorization"), "Bearer k");
    EXPECT_EQ(upstream.headers.at("x-request-id"), "my-1");
    EXPECT_EQ(upstream.headers.at("accept-encoding"), "identity");
    EXPECT_EQ(upstream.headers.at("host"), "127.0.0.1:" + std::to_string(rig.original().port()));
    for (const auto* dropped : {"te", "x-drop", "connection", "x-scale-unit"})
        EXPECT_FALSE(upstream.headers.contains(dropped)) << dropped;
    rig.controller.wait_for_ended(1);

    const auto records = rig.records();
    ASSERT_EQ(records.size(), 2u);
    const auto& admit = std::get<Admit>(records[0]);
    EXPECT_EQ(admit.unit, "unit-of-ann");
    EXPECT_EQ(admit.client_request_id, "my-1");
    EXPECT_EQ(admit.propensity, 500000u);
    EXPECT_EQ(core::Json::parse(admit.request), core::Json::parse(body));
    const auto& finish = std::get<Finish>(records[1]);
    EXPECT_EQ(finish.request_id, admit.request_id);
    EXPECT_EQ(finish.outcome, Outcome::ok);
    EXPECT_EQ(finish.response_id, "chatcmpl-9");
    EXPECT_EQ(finish.finish_reason, "stop");
    EXPECT_EQ(finish.prompt_tokens, 3);
    EXPECT_EQ(finish.completion_tokens, 1);
    EXPECT_EQ(finish.answer, "hello");
    EXPECT_GE(finish.ttft_ms, 0);
}

// The server does not send its second chunk before the client has the first.
TEST(Gateway, PassesAStreamThroughChunkByChunk) {
    GatewayRig rig;
    std::promise<void> first_seen;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")));
        first_seen.get_future().wait();
        peer.send(chunk(event("two")) +
                  chunk("data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
                        "data: [DONE]\n\n") +
                  "0\r\n\r\n");
        peer.read_request();
    });
    rig.start();
    Peer client = rig.client();
    client.send(post("/v1/chat/completions", R"({"stream":true})"));
    EXPECT_THAT(client.read_through(event("one")), HasSubstr("transfer-encoding: chunked"));
    first_seen.set_value();
    EXPECT_THAT(client.read_through("0\r\n\r\n"), HasSubstr(event("two")));
    const Finish finish = rig.controller.wait_for_ended(1).at(0).finish;
    EXPECT_EQ(finish.outcome, Outcome::ok);
    EXPECT_EQ(finish.chunks, 3);
    EXPECT_EQ(finish.response_id, "chatcmpl-1");
    EXPECT_EQ(finish.completion_tokens, 2);
    EXPECT_EQ(rig.logged_answer(), "onetwo");
}

TEST(Gateway, KeepsConnectionsOpenOnBothSides) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer client = rig.client();
    for (int i = 0; i < 20; ++i) {
        client.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(client.read_response().body, chat_answer);
    }
    EXPECT_EQ(rig.original().connections(), 1);
}

TEST(Gateway, AnswersPipelinedRequestsInOrder) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        for (Message request = peer.read_request(); request.complete; request = peer.read_request())
            peer.send(http_answer(200, request.body));
    });
    rig.start();
    Peer client = rig.client();
    std::string all;
    for (int i = 0; i < 30; ++i) {
        all += post("/v1/completions", fmt::format("{{\"n\":{}}}", i));
        all += get("/health");
    }
    client.send(all);
    for (int i = 0; i < 30; ++i) {
        EXPECT_EQ(client.read_response().body, fmt::format("{{\"n\":{}}}", i));
        EXPECT_EQ(client.read_response().body, R"({"status":"ok"})");
    }
}

TEST(Gateway, CarriesLargeBodiesBothWaysInBoundedMemory) {
    GatewayRig rig;
    const std::string big(3 << 20, 'x');
    rig.serve_original([&](Peer& peer) {
        const Message request = peer.read_request();
        peer.send(http_answer(200, request.body));
        peer.read_request();
    });
    rig.start();
    const std::string body = R"({"prompt":")" + big + "\"}";
    Peer client = rig.client();
    std::thread sender([&] { client.send(post("/v1/completions", body)); });
    sender.join();
    const Message reply = client.read_response();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(reply.body, body);
}

TEST(Gateway, StopsReadingFromTheServerWhileTheClientDoesNotRead) {
    GatewayRig rig;
    std::atomic<std::size_t> sent{0};
    constexpr std::size_t total = 64 << 20;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(total) + "\r\n\r\n");
        const std::string block(64 << 10, 'y');
        while (sent < total && peer.send(block)) sent += block.size();
        peer.read_request();
    });
    rig.start();
    Peer client = rig.client();
    const int small = 64 << 10;
    ::setsockopt(client.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    client.send(post("/v1/completions", "{}"));
    // Until the server makes no more progress: the sockets' buffers and ours are full.
    std::size_t before = 1;
    for (std::size_t now = 0; before != now || now == 0;) {
        before = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        now = sent;
    }
    EXPECT_LT(sent, total);
    const Message reply = client.read_response();
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(reply.body.size(), total);
}

TEST(Gateway, HandlesExpectContinue) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer client = rig.client();
    client.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(client.read_response().status, 100);
    client.send("{}");
    EXPECT_EQ(client.read_response().status, 200);
}

TEST(Gateway, ServesHttp10ClientsWithoutChunks) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk("data: [DONE]\n\n") + "0\r\n\r\n");
        peer.read_request();
    });
    rig.start();
    Peer client = rig.client();
    client.send("POST /v1/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}");
    const std::string reply = client.read_to_end();
    EXPECT_THAT(reply, Not(HasSubstr("transfer-encoding")));
    EXPECT_TRUE(reply.ends_with("\r\n\r\ndata: [DONE]\n\n"));
}

TEST(Gateway, ErrorsHaveOpenAiShape) {
    GatewayRig rig;
    rig.options.limits.body = 1000;
    rig.start();
    struct Case {
        std::string request;
        int status;
        const char* message;
    };
    const std::vector<Case> cases = {
        {get("/nothing"), 404, "there is nothing at /nothing"},
        {get("/v1/chat/completions"), 405, "GET is not allowed"},
        {post("/health", ""), 405, "POST is not allowed"},
        {post("/v1/chat/completions", "{"), 400, "not valid JSON"},
        {post("/v1/chat/completions", ""), 400, "not valid JSON"},
        {post("/v1/chat/completions", "[]"), 400, "not a JSON object"},
        {post("/v1/chat/completions", "3"), 400, "not a JSON object"},
        {post("/v1/chat/completions", R"({"stream":1})"), 400, "'stream' has the wrong type"},
        {post("/v1/chat/completions", R"({"model":{}})"), 400, "'model' has the wrong type"},
        {post("/v1/chat/completions", R"({"user":"a","user":"b"})"), 400, "repeated"},
        {post("/v1/chat/completions", "{\"a\":\"\xff\"}"), 400, "not valid JSON"},
        {post("/v1/chat/completions", R"({"a":)" + std::string(100, '[') + std::string(100, ']') + "}"), 400, "nested"},
        {post("/v1/chat/completions", std::string(1001, ' ')), 413, "too large"},
        {"GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414, "too long"},
        {get("/", "X: " + std::string(40000, 'a') + "\r\n"), 431, "too large"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
        {post("/v1/completions", "{}", "Transfer-Encoding: chunked\r\n"), 400, "both"},
        {post("/v1/feedback", "{}"), 400, "no name"},
        {post("/v1/feedback", R"({"name":"x"})"), 400, "exactly one"},
        {post("/v1/feedback", R"({"name":"x","response_id":"a","session_id":"b"})"), 400, "exactly one"},
        {post("/v1/feedback", R"({"name":"x","response_id":"a","value":[1]})"), 400, "neither"},
        {post("/scale/v1/rollback", ""), 401, "token"},
        {post("/scale/v1/rollback", "", "Authorization: Bearer wrong\r\n"), 401, "token"},
        {post("/scale/v1/other", "", "Authorization: Bearer secret\r\n"), 404, "no such action"},
        {post("/scale/v1/promote", "", "Authorization: Bearer secret\r\n"), 409, "undecided"},
        {get("/scale/v1/promote", "Authorization: Bearer secret\r\n"), 405, "POST"},
        {post("/v1/completions", "{}"), 503, "does not answer"},
    };
    for (const auto& [request, status, message] : cases) {
        const Message reply = rig.ask(request);
        EXPECT_EQ(reply.status, status) << request.substr(0, 100);
        EXPECT_TRUE(reply.complete);
        const core::Json error = error_of(reply);
        EXPECT_THAT(error.value("message", ""), HasSubstr(message)) << request.substr(0, 100);
        for (const auto* member : {"type", "param", "code"}) EXPECT_TRUE(error.contains(member)) << reply.body;
    }
}

TEST(Gateway, AnswersItsOwnEndpoints) {
    GatewayRig rig;
    rig.start();
    EXPECT_EQ(rig.ask(get("/health")).status, 200);
    EXPECT_EQ(rig.ask(get("/ready")).status, 200);
    rig.controller.is_ready = false;
    EXPECT_EQ(rig.ask(get("/ready")).status, 503);
    EXPECT_EQ(core::Json::parse(rig.ask(get("/v1/models")).body)["data"][0]["id"], "served-model");
    const core::Json status = core::Json::parse(rig.ask(get("/scale/v1/status")).body);
    EXPECT_EQ(status["state"], "canary");
    EXPECT_EQ(status["log"]["durability"], "relaxed");
    const Message metrics = rig.ask(get("/metrics"));
    EXPECT_THAT(metrics.headers.at("content-type"), HasSubstr("text/plain"));
    EXPECT_THAT(metrics.body, HasSubstr("scale_rollout_share_ppm 500000"));
    EXPECT_THAT(metrics.body, HasSubstr("scale_gateway_client_connections"));
    const Message reply = rig.ask(post("/scale/v1/rollback", R"({"because":"harm","who":"me"})",
                                       "Authorization: Bearer secret\r\nContent-Type: application/json\r\n"));
    EXPECT_EQ(core::Json::parse(reply.body)["message"], "rolled back: harm");
    EXPECT_EQ(core::Json::parse(reply.body)["epoch"], 8);
    Peer head = rig.client();
    head.send("HEAD /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(head.read_to_end().ends_with("\r\n\r\n"));
}

TEST(Gateway, TakesFeedbackOnceAndParksUnknownIds) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    const std::string early = R"({"id":"f1","response_id":"chatcmpl-9","name":"thumbs_down","value":true})";
    EXPECT_EQ(core::Json::parse(rig.ask(post("/v1/feedback", early)).body)["status"], "parked");
    EXPECT_EQ(core::Json::parse(rig.ask(post("/v1/feedback", early)).body)["status"], "duplicate");
    rig.ask(post("/v1/chat/completions", chat_body));
    rig.controller.wait_for_ended(1);
    const std::string tensorzero = R"({"id":"f2","inference_id":"chatcmpl-9","metric_name":"escalation","value":1})";
    EXPECT_EQ(core::Json::parse(rig.ask(post("/v1/feedback", tensorzero)).body)["status"], "accepted");
    rig.ask(post("/v1/feedback", R"({"id":"f3","sessionId":"s","name":"thumbs_down"})"));
    std::set<std::string> logged;
    for (const auto& record : rig.records())
        if (const auto* feedback = std::get_if<Feedback>(&record))
            logged.insert(feedback->id + " " + feedback->name + " " + feedback->session);
    EXPECT_EQ(logged, (std::set<std::string>{"f1 thumbs_down ", "f2 escalation ", "f3 thumbs_down digest-s"}));
}

TEST(Gateway, RenamesTheModelWhereTheServerKnowsItByAnotherName) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        for (Message request = peer.read_request(); request.complete; request = peer.read_request())
            peer.send(http_answer(200, request.body));
    });
    rig.controller.original.model = "weights.gguf";
    rig.start();
    const std::vector<std::pair<std::string, std::string>> cases = {
        {R"({ "a" : {"model":"x"}, "model" : "public" , "b":[1,"}"]})",
         R"({ "a" : {"model":"x"}, "model" : "weights.gguf" , "b":[1,"}"]})"},
        {R"({"mod\u0065l":"p"})", R"({"mod\u0065l":"weights.gguf"})"},
        {R"({"a":1})", R"({"model":"weights.gguf","a":1})"},
        {"{ }", R"({"model":"weights.gguf" })"},
    };
    for (const auto& [given, expected] : cases) EXPECT_EQ(rig.ask(post("/v1/completions", given)).body, expected);
}

// Connections are dealt out by the kernel: with enough of them every worker gets some.
TEST(Gateway, WorkersShareOneAddressAndCountTogether) {
    GatewayRig rig;
    rig.options.workers = 3;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    constexpr int clients = 30;
    for (int i = 0; i < clients; ++i) EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, chat_answer);
    EXPECT_EQ(rig.controller.wait_for_ended(clients).size(), std::size_t{clients});
    EXPECT_GT(rig.original().connections(), 1) << "one worker served everybody";
    const Message metrics = rig.ask(get("/metrics"));
    EXPECT_THAT(metrics.body,
                HasSubstr(fmt::format(
                    "scale_gateway_replies_total{{path=\"/v1/chat/completions\",status=\"200\"}} {}\n", clients)));
    const core::Json status = core::Json::parse(rig.ask(get("/scale/v1/status")).body);
    EXPECT_EQ(status["gateway"]["workers"], 3);
    EXPECT_EQ(status["log"]["records"], 2 * clients);
    std::set<std::string> ids;
    for (const auto& record : rig.records())
        if (const auto* admit = std::get_if<Admit>(&record)) ids.insert(admit->request_id);
    EXPECT_EQ(ids.size(), std::size_t{clients});
}

TEST(Gateway, StopLetsTheOpenRequestFinish) {
    GatewayRig rig;
    std::promise<void> arrived;
    std::promise<void> go_on;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        arrived.set_value();
        go_on.get_future().wait();
        peer.send(http_answer(200, chat_answer));
        peer.read_request();
    });
    rig.start();
    Peer client = rig.client();
    client.send(post("/v1/completions", "{}"));
    arrived.get_future().wait();
    rig.gateway().stop();
    go_on.set_value();
    EXPECT_EQ(client.read_response().body, chat_answer);
    EXPECT_EQ(rig.records().size(), 2u);
}

TEST(Gateway, APortThatIsTakenIsAnErrorThatNamesIt) {
    GatewayRig rig;
    rig.start();
    rollout::GatewayOptions options;
    options.port = rig.gateway().port();
    try {
        const rollout::Gateway second(options, rig.controller, rig.log());
        FAIL() << "two gateways on one port";
    } catch (const core::Error& error) {
        EXPECT_THAT(error.found(), HasSubstr(std::to_string(options.port)));
        EXPECT_FALSE(error.next().empty());
    }
}

}  // namespace
}  // namespace scale::test
