// What the gateway does when a client, a server or the disk fails.
#include <csignal>
#include <future>
#include <string>
#include <sys/resource.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using rollout::Arm;
using rollout::Durability;
using rollout::Finish;
using rollout::Outcome;
using ::testing::HasSubstr;
using ::testing::Not;

// A port that nobody listens on.
std::uint16_t dead_port() {
    const core::FileDescriptor listener = rollout::http::listen_on(rollout::http::resolve("127.0.0.1", 0).front());
    return rollout::http::local_port(listener.get());
}

TEST(GatewayFailure, TheOriginalAnswersForACandidateThatCannotBeReached) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.controller.candidate = {"127.0.0.1", dead_port(), "", "", true, {}};
    rig.controller.arm = Arm::candidate;
    rig.start();
    const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, chat_answer);
    const auto ended = rig.controller.wait_for_ended(1).at(0);
    EXPECT_EQ(ended.admit.arm, Arm::candidate);
    EXPECT_EQ(ended.finish.outcome, Outcome::server_error);
    EXPECT_EQ(ended.finish.served_by, Arm::original);
    EXPECT_EQ(ended.finish.status, 200);
    EXPECT_EQ(ended.finish.upstream_status, 0);
    EXPECT_THAT(ended.finish.error, HasSubstr("cannot be reached"));
}

TEST(GatewayFailure, TheOriginalAnswersForACandidateThatDiesBeforeItsFirstByte) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.serve_candidate([](Peer& peer) { peer.read_request(); });
    rig.controller.arm = Arm::candidate;
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, chat_answer);
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::server_error);
}

TEST(GatewayFailure, AnErrorOfTheCandidateIsPassedOnAsItIs) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.serve_candidate(always(http_answer(500, R"({"error":{"message":"boom"}})")));
    rig.controller.arm = Arm::candidate;
    rig.start();
    const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(reply.body, HasSubstr("boom"));
    const Finish finish = rig.controller.wait_for_ended(1).at(0).finish;
    EXPECT_EQ(finish.outcome, Outcome::server_error);
    EXPECT_EQ(finish.upstream_status, 500);
}

TEST(GatewayFailure, WithoutTheOriginalTheClientGetsAnErrorAndTheLogAnEnd) {
    GatewayRig rig;
    rig.controller.original = {"127.0.0.1", dead_port(), "", "", true, {}};
    rig.start();
    const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.at("retry-after"), "1");
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::server_error);
}

TEST(GatewayFailure, AServerThatSpeaksNoHttpIsABadGateway) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!");
        peer.read_request();
    });
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 502);
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::server_error);
}

TEST(GatewayFailure, AStreamThatBreaksOffEndsInAnErrorEventAndAClosedConnection) {
    GatewayRig rig;
    const std::string half = R"(data: {"choices":[{"ind)";
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")) + chunk(half));
    });
    rig.start();
    Peer client = rig.client();
    client.send(post("/v1/chat/completions", R"({"stream":true})"));
    const Message reply = client.read_response();
    EXPECT_FALSE(reply.complete);  // no last chunk
    EXPECT_TRUE(reply.body.starts_with(event("one") + half + "\n\ndata: {\"error\":{"));
    EXPECT_TRUE(reply.body.ends_with("}\n\n"));
    EXPECT_THAT(reply.body, Not(HasSubstr("[DONE]")));
    const Finish finish = rig.controller.wait_for_ended(1).at(0).finish;
    EXPECT_EQ(finish.outcome, Outcome::truncated);
    EXPECT_EQ(rig.logged_answer(), "one");
}

TEST(GatewayFailure, AnAnswerOfKnownLengthThatBreaksOffIsCut) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npartial");
    });
    rig.start();
    const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_FALSE(reply.complete);
    EXPECT_EQ(reply.body, "partial");
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::truncated);
}

TEST(GatewayFailure, AStreamWithoutItsDoneIsTruncated) {
    GatewayRig rig;
    rig.serve_original([](Peer& peer) {
        peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event("one"));
    });
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", R"({"stream":true})")).body, event("one"));
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::truncated);
}

TEST(GatewayFailure, AKeptConnectionThatTheServerClosedIsReplacedOnce) {
    GatewayRig rig;
    std::atomic<int> requests{0};
    rig.serve_original([&](Peer& peer) {
        // The first connection answers once and swallows the second request.
        while (peer.read_request().complete) {
            if (++requests == 2) return;
            peer.send(http_answer(200, chat_answer));
        }
    });
    rig.start();
    Peer client = rig.client();
    for (int i = 0; i < 2; ++i) {
        client.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(client.read_response().body, chat_answer);
    }
    EXPECT_EQ(requests, 3);
    EXPECT_EQ(rig.controller.wait_for_ended(2).at(1).finish.outcome, Outcome::ok);
}

TEST(GatewayFailure, AClientThatGoesAwayCancelsItsRequest) {
    GatewayRig rig;
    std::promise<bool> server_saw_end;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")));
        server_saw_end.set_value(peer.closed_by_peer());
    });
    rig.start();
    Peer client = rig.client();
    client.send(post("/v1/chat/completions", R"({"stream":true})"));
    client.read_through(event("one"));
    client.abort();
    EXPECT_TRUE(server_saw_end.get_future().get());
    const Finish finish = rig.controller.wait_for_ended(1).at(0).finish;
    EXPECT_EQ(finish.outcome, Outcome::client_aborted);
    EXPECT_EQ(rig.logged_answer(), "one");
}

TEST(GatewayFailure, AServerThatSaysNothingTimesOut) {
    GatewayRig rig;
    rig.options.response_time = std::chrono::milliseconds{100};
    rig.serve_original([](Peer& peer) {
        peer.read_request();
        peer.read_request();  // until the gateway hangs up
    });
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 504);
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::timeout);
}

TEST(GatewayFailure, SlowRequestsAreClosed) {
    GatewayRig rig;
    rig.options.header_time = std::chrono::milliseconds{100};
    rig.options.body_time = std::chrono::milliseconds{100};
    rig.options.idle_time = std::chrono::milliseconds{100};
    rig.start();
    Peer silent = rig.client();
    EXPECT_EQ(silent.read_to_end(), "");
    Peer slow_head = rig.client();
    slow_head.send("GET /health HTTP/1.1\r\nHost: a\r\nX: ");
    EXPECT_EQ(slow_head.read_response().status, 408);
    Peer slow_body = rig.client();
    slow_body.send("POST /v1/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
    EXPECT_EQ(slow_body.read_response().status, 408);
    Peer idle = rig.client();
    idle.send(get("/health"));
    EXPECT_EQ(idle.read_response().status, 200);
    EXPECT_EQ(idle.read_to_end(), "");
}

TEST(GatewayFailure, SmuggledRequestsAreNeverServed) {
    GatewayRig rig;
    std::atomic<int> served{0};
    rig.serve_original([&](Peer& peer) {
        while (peer.read_request().complete) {
            ++served;
            peer.send(http_answer(200, chat_answer));
        }
    });
    rig.start();
    const std::string hidden = post("/v1/completions", "{}");
    const std::string host = "POST /v1/completions HTTP/1.1\r\nHost: a\r\n";
    for (const std::string& attack : {
             host + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
             host + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
             host + "Transfer-Encoding: xchunked\r\n\r\n" + hidden,
             host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + hidden,
             host + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden,
             host + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
             host + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden,
             host + "Content-Length: 0, 44\r\n\r\n" + hidden,
             host + "Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\n0\r\n\r\n" + hidden,
             host + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n" + hidden,
         }) {
        Peer client = rig.client();
        client.send(attack);
        const Message first = client.read_response();
        EXPECT_THAT(first.status, ::testing::AnyOf(400, 501)) << attack;
        EXPECT_EQ(client.read_to_end(), "") << attack;
    }
    EXPECT_EQ(served, 0);
}

TEST(GatewayFailure, AFullLogAnswers503WithRetryAfter) {
    GatewayRig rig;
    rig.log_options.queue_bytes = 100;  // less than one record
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.headers.at("retry-after"), "1");
}

// RLIMIT_FSIZE stands in for a full disk.
class FullDisk {
  public:
    FullDisk() {
        std::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &before_);
        rlimit none = before_;
        none.rlim_cur = 10;
        ::setrlimit(RLIMIT_FSIZE, &none);
    }
    ~FullDisk() { ::setrlimit(RLIMIT_FSIZE, &before_); }

  private:
    rlimit before_{};
};

TEST(GatewayFailure, AFailingDiskSendsEveryoneToTheOriginalWithoutEvidence) {
    GatewayRig rig;
    rig.log_options.retry = std::chrono::milliseconds{20};
    rig.serve_original(always(http_answer(200, "\"original\"")));
    rig.serve_candidate(always(http_answer(200, "\"candidate\"")));
    rig.controller.arm = Arm::candidate;
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, "\"candidate\"");
    rig.log().wait_committed(2);
    {
        const FullDisk full;
        rig.ask(post("/v1/chat/completions", chat_body));  // accepted before the failure is known
        while (!rig.log().failing()) std::this_thread::yield();
        EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, "\"original\"");
        EXPECT_EQ(rig.ask(get("/ready")).status, 503);
        const core::Json status = core::Json::parse(rig.ask(get("/scale/v1/status")).body);
        EXPECT_TRUE(status["gateway"]["degraded"]);
        EXPECT_EQ(status["gateway"]["unlogged"], 1);
        EXPECT_EQ(rig.ask(post("/v1/feedback", R"({"name":"x","response_id":"y"})")).status, 503);
    }
    while (rig.log().failing()) std::this_thread::yield();
    EXPECT_EQ(rig.ask(get("/ready")).status, 200);
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, "\"candidate\"");
    EXPECT_EQ(rig.controller.wait_for_ended(3).size(), 3u);
    EXPECT_EQ(rig.records().size(), 6u);
}

TEST(GatewayFailure, StrictModeHoldsTheEndOfAnAnswerUntilItsRecordsAreDurable) {
    GatewayRig rig;
    rig.options.durability = Durability::strict;
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer client = rig.client();
    for (std::uint64_t i = 1; i <= 10; ++i) {
        client.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(client.read_response().body, chat_answer);
        EXPECT_GE(rig.log().committed(), 2 * i);
    }
    const Message feedback = rig.ask(post("/v1/feedback", R"({"name":"x","response_id":"chatcmpl-9"})"));
    EXPECT_EQ(feedback.status, 200);
    EXPECT_GE(rig.log().committed(), 21u);
}

// An answer is shown to count by the controller only once its records are on the disk.
TEST(GatewayFailure, NothingCountsBeforeItIsDurable) {
    GatewayRig rig;
    rig.log_options.retry = std::chrono::milliseconds{20};
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    {
        const FullDisk full;
        EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 200);
        while (!rig.log().failing()) std::this_thread::yield();
        EXPECT_EQ(rig.controller.ended_count(), 0u);
    }
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::ok);
}

TEST(GatewayFailure, StrictModeNeverCompletesAnAnswerThatCannotBeLogged) {
    GatewayRig rig;
    rig.options.durability = Durability::strict;
    rig.log_options.retry = std::chrono::milliseconds{20};
    rig.serve_original([](Peer& peer) {
        while (peer.read_request().complete)
            peer.send(std::string(stream_head) + chunk("data: [DONE]\n\n") + "0\r\n\r\n");
    });
    rig.start();
    {
        const FullDisk full;
        for (int i = 0; i < 3; ++i) {
            const Message reply = rig.ask(post("/v1/chat/completions", chat_body));
            EXPECT_EQ(reply.status, 503);
            EXPECT_EQ(reply.headers.at("retry-after"), "1");
            EXPECT_EQ(core::Json::parse(reply.body)["error"]["code"], "log_unavailable");
        }
        EXPECT_EQ(rig.ask(post("/v1/feedback", R"({"name":"x","response_id":"y"})")).status, 503);
    }
    while (rig.log().failing()) std::this_thread::yield();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 200);
}

// The answer's first bytes wait for the admission, its last ones for the end; neither can come while the disk refuses.
TEST(GatewayFailure, StrictModeSendsNoByteOfAnAnswerBeforeItsAdmissionIsDurable) {
    GatewayRig rig;
    rig.options.durability = Durability::strict;
    rig.log_options.retry = std::chrono::milliseconds{20};
    std::promise<bool> server_saw_end;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")));
        server_saw_end.set_value(peer.closed_by_peer());
    });
    rig.start();
    const FullDisk full;
    const Message reply = rig.ask(post("/v1/chat/completions", R"({"stream":true})"));
    EXPECT_EQ(reply.status, 503);
    EXPECT_TRUE(server_saw_end.get_future().get());
}

}  // namespace
}  // namespace scale::test
