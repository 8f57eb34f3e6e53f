// The live page's endpoints: who may use them, what they carry, and that nobody can make them grow.
#include <atomic>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/json.h"
#include "rollout/gateway/live_feed.h"
#include "rollout/gateway/live_page.h"
#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using rollout::LiveFeed;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* with_key = "Authorization: Bearer secret\r\n";

std::string code_of(const Message& message) {
    const core::Json error = core::Json::parse(message.body, nullptr, false).value("error", core::Json::object());
    return error["code"].is_string() ? error["code"] : core::Json("");
}

std::string request_as(std::string_view host, std::string_view method, std::string_view path,
                       std::string_view headers = "") {
    return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n{}\r\n", method, path, host, headers);
}

// The data of the next event of that name on the stream.
core::Json next_event(Peer& stream, std::string_view name) {
    if (stream.read_through(fmt::format("event: {}\ndata: ", name)).empty()) return nullptr;
    const std::string line = stream.read_through("\n\n");
    return core::Json::parse(line, nullptr, false);
}

TEST(Live, ThePageMayRunOnlyItsOwnScriptsAndCannotBeFramed) {
    GatewayRig rig;
    rig.start();
    const Message page = rig.ask(get("/scale/live"));
    ASSERT_EQ(page.status, 200);
    EXPECT_EQ(page.headers.at("content-type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, HasSubstr("<title>"));
    const std::string policy = page.headers.at("content-security-policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'; script-src 'sha256-"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(policy, Not(HasSubstr("http")));
    EXPECT_EQ(page.headers.at("x-frame-options"), "DENY");
    EXPECT_EQ(page.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(page.headers.at("referrer-policy"), "no-referrer");
    EXPECT_FALSE(page.headers.contains("set-cookie"));
    EXPECT_THAT(page.body, Not(HasSubstr("src=\"http")));
}

// The digest by which W3C's specification of the policy shows its own example.
TEST(Live, ThePolicyNamesEveryInlineScriptByItsHash) {
    const std::string policy = rollout::content_security_policy(
        "<html><script>alert('Hello, world.');</script><style>a{}</style><script>alert('Hello, world.');</script>");
    EXPECT_THAT(policy, HasSubstr("script-src 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=' "
                                  "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=';"));
    EXPECT_THAT(policy, HasSubstr("style-src 'sha256-"));
}

TEST(Live, EventsAndActionsNeedTheOperatorsKey) {
    GatewayRig rig;
    rig.start();
    for (const char* headers : {"", "Authorization: Bearer wrong\r\n", "Cookie: key=secret\r\n"}) {
        EXPECT_EQ(rig.ask(get("/scale/v1/events", headers)).status, 401) << headers;
        for (const char* action : {"promote", "rollback", "pause", "resume", "stop"})
            EXPECT_EQ(rig.ask(post(std::string("/scale/v1/") + action, "", headers)).status, 401) << action << headers;
    }
    EXPECT_EQ(rig.ask(get("/scale/v1/events?key=secret")).status, 401) << "a key in an address ends up in logs";
}

TEST(Live, AStrangersNameForThisMachineIsRefused) {
    GatewayRig rig;
    rig.start();
    for (const char* path : {"/scale/live", "/scale/v1/events", "/scale/v1/status", "/metrics"}) {
        const Message reply = rig.ask(request_as("rebound.example:8080", "GET", path, with_key));
        EXPECT_EQ(reply.status, 403) << path;
        EXPECT_EQ(code_of(reply), "unknown_host") << path;
    }
    EXPECT_EQ(rig.ask(request_as("rebound.example", "POST", "/scale/v1/rollback", with_key)).status, 403);
    for (const char* host : {"localhost:8080", "127.0.0.1", "[::1]:80", "LOCALHOST", "192.0.2.7:1"})
        EXPECT_EQ(rig.ask(request_as(host, "GET", "/scale/live")).status, 200) << host;
    for (const char* host : {"localhost.example", "127.0.0.1.example", "[::1", "[]", ":80"})
        EXPECT_EQ(rig.ask(request_as(host, "GET", "/scale/live")).status, 403) << host;
}

TEST(Live, AListedNameIsOurs) {
    GatewayRig rig;
    rig.options.live_hosts = {"Gateway.example"};
    rig.start();
    EXPECT_EQ(rig.ask(request_as("gateway.example:443", "GET", "/scale/live")).status, 200);
    EXPECT_EQ(rig.ask(request_as("gateway.example", "POST", "/scale/v1/rollback", with_key)).status, 200);
    EXPECT_EQ(rig.ask(request_as("gateway.example", "POST", "/scale/v1/rollback")).status, 401);
    EXPECT_EQ(rig.ask(request_as("other.example", "GET", "/scale/live")).status, 403);
}

TEST(Live, APageOfAnotherSiteCannotAct) {
    GatewayRig rig;
    rig.start();
    const auto roll_back = [&](const std::string& headers, const char* body = "") {
        return rig.ask(post("/scale/v1/rollback", body, with_key + headers));
    };
    for (const char* headers : {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Origin: http://localhost:1\r\n",
                                "Sec-Fetch-Site: cross-site\r\n", "Sec-Fetch-Site: same-site\r\n"}) {
        const Message reply = roll_back(headers);
        EXPECT_EQ(reply.status, 403) << headers;
        EXPECT_EQ(code_of(reply), "cross_origin") << headers;
    }
    EXPECT_EQ(roll_back("Origin: http://localhost\r\nSec-Fetch-Site: same-origin\r\n").status, 200);
    // What a form can send is no action; and no preflight is granted.
    for (const char* type : {"", "Content-Type: text/plain\r\n", "Content-Type: application/x-www-form-urlencoded\r\n"})
        EXPECT_EQ(roll_back(type, "{}").status, 415) << type;
    EXPECT_EQ(roll_back("Content-Type: application/json; charset=utf-8\r\n", "{}").status, 200);
    const Message preflight = rig.ask(request_as("localhost", "OPTIONS", "/scale/v1/rollback",
                                                 "Origin: http://evil.example\r\n"
                                                 "Access-Control-Request-Method: POST\r\n"
                                                 "Access-Control-Request-Headers: authorization\r\n"));
    EXPECT_EQ(preflight.status, 405);
    EXPECT_FALSE(preflight.headers.contains("access-control-allow-origin"));
}

TEST(Live, ReasonsAreOneLineWhateverIsSent) {
    GatewayRig rig;
    rig.start();
    const std::string body = core::canonical({{"because", "a\x1b[2J\nb" + std::string(100'000, 'c')}, {"who", "ann"}});
    const Message reply =
        rig.ask(post("/scale/v1/rollback", body, with_key + std::string("Content-Type: application/json\r\n")));
    ASSERT_EQ(reply.status, 200) << "a rollback is never refused for its reason";
    const std::string message = core::Json::parse(reply.body)["message"];
    EXPECT_THAT(message, ::testing::StartsWith("rolled back: a [2J b"));
    EXPECT_LT(message.size(), 2100u);
}

TEST(Live, AStreamBeginsWithASnapshotAndGoesOnWithWhatChanges) {
    GatewayRig rig;
    rig.options.live_time = std::chrono::milliseconds(10);
    rig.options.workers = 2;
    rig.controller.show("first");
    rig.start();
    Peer stream = rig.client();
    stream.send(get("/scale/v1/events", with_key));
    EXPECT_THAT(stream.read_through("\r\n\r\n"), HasSubstr("text/event-stream"));
    const core::Json snapshot = next_event(stream, "snapshot");
    EXPECT_EQ(snapshot["shown"], "first");
    EXPECT_EQ(snapshot["whole"], true);
    EXPECT_EQ(snapshot["log"]["durability"], "relaxed");
    EXPECT_EQ(snapshot["gateway"]["workers"], 2);
    EXPECT_GT(snapshot["now_ms"].get<std::int64_t>(), 0);
    rig.controller.show("second");
    for (core::Json update = next_event(stream, "update");; update = next_event(stream, "update")) {
        ASSERT_TRUE(update.is_object());
        EXPECT_EQ(update["whole"], false);
        if (update["shown"] == "second") break;
    }
}

TEST(Live, OnlySoManyPagesAreServedAndAClosedOneMakesRoom) {
    GatewayRig rig;
    rig.start();
    std::vector<Peer> readers;
    for (int i = 0; i < LiveFeed::most_readers; ++i) {
        readers.push_back(rig.client());
        readers.back().send(get("/scale/v1/events", with_key));
        EXPECT_TRUE(next_event(readers.back(), "snapshot").is_object());
    }
    const Message refused = rig.ask(get("/scale/v1/events", with_key));
    EXPECT_EQ(refused.status, 503);
    EXPECT_TRUE(refused.headers.contains("retry-after"));
    readers.pop_back();
    bool served = false;
    for (int tries = 0; tries < 200 && !served; ++tries) {
        Peer next = rig.client();
        next.send(get("/scale/v1/events", with_key));
        served = next.read_through("\r\n\r\n").starts_with("HTTP/1.1 200");
        if (!served) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    EXPECT_TRUE(served);
}

// A page that takes nothing is dropped instead of being remembered for; clients of the model notice nothing.
TEST(Live, AReaderThatFallsBehindIsDropped) {
    GatewayRig rig;
    rig.options.live_time = std::chrono::milliseconds(1);
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer slow = rig.client();
    const int small = 4 << 10;
    ::setsockopt(slow.descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    slow.send(get("/scale/v1/events", with_key));
    EXPECT_TRUE(next_event(slow, "snapshot").is_object());
    Peer client = rig.client();
    const std::string filler(512 << 10, 'x');
    std::size_t open = 2;
    for (int round = 0; round < 20'000 && open > 1; ++round) {
        rig.controller.show(std::to_string(round) + filler);
        client.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(client.read_response().status, 200);
        client.send(get("/scale/v1/status"));
        open = core::Json::parse(client.read_response().body)["gateway"]["clients"].get<std::size_t>();
    }
    EXPECT_EQ(open, 1u);
}

TEST(Live, AnOpenPageDoesNotHoldUpTheEnd) {
    GatewayRig rig;
    rig.options.drain_time = std::chrono::minutes(10);
    rig.start();
    Peer stream = rig.client();
    stream.send(get("/scale/v1/events", with_key));
    EXPECT_TRUE(next_event(stream, "snapshot").is_object());
    rig.gateway().stop();
    EXPECT_THAT(stream.read_to_end(), HasSubstr("0\r\n\r\n"));
    stream.close();
    rig.stop();
}

}  // namespace
}  // namespace scale::test
