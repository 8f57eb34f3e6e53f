#include <chrono>
#include <fstream>
#include <future>
#include <string>
#include <sys/socket.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/arms/http_request.h"
#include "support/gateway_rig.h"
#include "support/refusal.h"
#include "support/tls_files.h"

namespace scale::test {
namespace {

using rollout::Finish;
using rollout::Outcome;
using rollout::ServerCertificate;
using rollout::http::TlsContext;
using ::testing::HasSubstr;

// A gateway that listens under TLS; the server behind it is plain.
class TlsListener : public ::testing::Test {
  protected:
    TlsListener() {
        rig.options.certificate = std::make_shared<ServerCertificate>(files.certificate("server"), files.key("server"));
    }
    Peer client() { return client(context.get()); }
    Peer client(SSL_CTX* of) { return connect_to(rig.gateway().port(), of); }
    Message ask(std::string_view request) {
        Peer peer = client();
        if (!peer.shake_hands()) return {};
        peer.send(request);
        return peer.read_response();
    }
    std::uint64_t handshake_failures() {
        const std::string name = "\nscale_gateway_handshake_failures_total ";
        const std::string metrics = ask(get("/metrics")).body;
        const auto found = metrics.find(name);
        return found == std::string::npos ? 0 : std::stoull(metrics.substr(found + name.size()));
    }

    TlsFiles files;
    SslContext context = files.client();
    GatewayRig rig;
};

TEST_F(TlsListener, ServesRequestsOnKeptConnections) {
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer peer = client();
    SSL_set1_host(peer.tls(), "localhost");
    SSL_set_alpn_protos(peer.tls(), reinterpret_cast<const unsigned char*>("\x02h2\x08http/1.1"), 12);
    ASSERT_TRUE(peer.shake_hands());
    EXPECT_STREQ(SSL_get_version(peer.tls()), "TLSv1.3");
    const unsigned char* protocol = nullptr;
    unsigned int length = 0;
    SSL_get0_alpn_selected(peer.tls(), &protocol, &length);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(protocol), length), "http/1.1");
    for (int i = 0; i < 20; ++i) {
        peer.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(peer.read_response().body, chat_answer);
    }
    EXPECT_EQ(rig.original().connections(), 1);
}

TEST_F(TlsListener, CarriesLargeBodiesBothWaysAndPipelinedRequestsInOrder) {
    const std::string big(3 << 20, 'x');
    rig.serve_original([&](Peer& peer) {
        for (Message request = peer.read_request(); request.complete; request = peer.read_request())
            peer.send(http_answer(200, request.body));
    });
    rig.start();
    Peer peer = client();
    ASSERT_TRUE(peer.shake_hands());
    const std::string body = R"({"prompt":")" + big + "\"}";
    peer.send(post("/v1/completions", body));
    EXPECT_EQ(peer.read_response().body, body);
    std::string all;
    for (int i = 0; i < 300; ++i) all += post("/v1/completions", fmt::format("{{\"n\":{},\"pad\":\"{:500}\"}}", i, ""));
    std::thread sender([&] { peer.send(all); });
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sender.join();
    for (int i = 0; i < 300; ++i) ASSERT_THAT(peer.read_response().body, HasSubstr(fmt::format("\"n\":{},", i)));
}

TEST_F(TlsListener, PassesAStreamThroughChunkByChunk) {
    std::promise<void> first_seen;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        peer.send(std::string(stream_head) + chunk(event("one")));
        first_seen.get_future().wait();
        peer.send(chunk(event("two")) + chunk("data: [DONE]\n\n") + "0\r\n\r\n");
    });
    rig.start();
    Peer peer = client();
    ASSERT_TRUE(peer.shake_hands());
    peer.send(post("/v1/chat/completions", R"({"stream":true})"));
    EXPECT_THAT(peer.read_through(event("one")), HasSubstr("200 OK"));
    first_seen.set_value();
    EXPECT_THAT(peer.read_through("0\r\n\r\n"), HasSubstr(event("two")));
}

TEST_F(TlsListener, TurnsAwayWhoSpeaksNoTlsOldTlsOrOnlyHttp2) {
    rig.start();
    Peer plain = connect_to(rig.gateway().port());
    plain.send(get("/health"));
    EXPECT_THAT(plain.read_to_end(), ::testing::Not(HasSubstr("HTTP/1.1")));
    Peer old = client();
    SSL_set_security_level(old.tls(), 0);
    SSL_set_max_proto_version(old.tls(), TLS1_1_VERSION);
    EXPECT_FALSE(old.shake_hands());
    Peer http2 = client();
    SSL_set_alpn_protos(http2.tls(), reinterpret_cast<const unsigned char*>("\x02h2"), 3);
    EXPECT_FALSE(http2.shake_hands());
    EXPECT_EQ(ask(get("/health")).status, 200);
    EXPECT_EQ(handshake_failures(), 3u);
}

TEST_F(TlsListener, EndsSlowHandshakesInTimeAndCapsThem) {
    rig.options.header_time = std::chrono::milliseconds{300};
    rig.options.handshakes = 2;
    rig.start();
    Peer silent = connect_to(rig.gateway().port());
    Peer half = connect_to(rig.gateway().port());
    half.send(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc", 9));  // the beginning of a hello
    // Both hold a place; the third is turned away while they do, and served once they are gone.
    while (ask(get("/health")).status != 200) {
    }
    EXPECT_TRUE(silent.closed_by_peer());
    EXPECT_TRUE(half.closed_by_peer());
    EXPECT_EQ(ask(get("/health")).status, 200);
}

TEST_F(TlsListener, RefusesRenegotiationAndGoesOn) {
    rig.start();
    Peer peer = client();
    SSL_set_max_proto_version(peer.tls(), TLS1_2_VERSION);
    ASSERT_TRUE(peer.shake_hands());
    peer.send(get("/health"));
    EXPECT_EQ(peer.read_response().status, 200);
    SSL_renegotiate(peer.tls());
    EXPECT_NE(SSL_do_handshake(peer.tls()), 1);
    EXPECT_EQ(ask(get("/health")).status, 200);
}

TEST_F(TlsListener, FollowsKeyUpdates) {
    rig.start();
    Peer peer = client();
    ASSERT_TRUE(peer.shake_hands());
    for (int i = 0; i < 5; ++i) {
        ASSERT_EQ(SSL_key_update(peer.tls(), SSL_KEY_UPDATE_REQUESTED), 1);
        peer.send(get("/health"));
        EXPECT_EQ(peer.read_response().status, 200);
    }
}

// As without TLS: who ends the output while the answer is due is gone.
TEST_F(TlsListener, TakesAClientThatEndsItsOutputForGone) {
    std::promise<void> let_go;
    rig.serve_original([&](Peer& peer) {
        peer.read_request();
        let_go.get_future().wait();
    });
    rig.start();
    Peer peer = client();
    ASSERT_TRUE(peer.shake_hands());
    peer.send(post("/v1/chat/completions", chat_body));
    SSL_shutdown(peer.tls());
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::client_aborted);
    let_go.set_value();
}

TEST_F(TlsListener, SaysInTlsThatItsOutputHasEnded) {
    rig.serve_original(always(http_answer(200, chat_answer)));
    rig.start();
    Peer peer = client();
    ASSERT_TRUE(peer.shake_hands());
    peer.send(post("/v1/chat/completions", chat_body, "Connection: close\r\n"));
    EXPECT_EQ(peer.read_response().status, 200);
    EXPECT_TRUE(peer.closed_by_peer());
    EXPECT_EQ(SSL_get_shutdown(peer.tls()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

std::string subject_of(const Peer& peer) {
    X509* certificate = SSL_get0_peer_certificate(peer.tls());
    char subject[200] = {};
    if (certificate != nullptr) X509_NAME_oneline(X509_get_subject_name(certificate), subject, sizeof subject);
    return subject;
}

TEST_F(TlsListener, ReadsItsCertificateAgainAndKeepsTheOldOneWhereTheNewOneIsNoGood) {
    rig.start();
    Peer before = client();
    ASSERT_TRUE(before.shake_hands());
    EXPECT_EQ(subject_of(before), "/CN=server");
    files.make_server("fresh", "subjectAltName=DNS:localhost");
    std::filesystem::rename(files.key("fresh"), files.key("server"));
    std::filesystem::rename(files.certificate("fresh"), files.certificate("server"));
    std::string subject;
    for (int i = 0; i < 100 && subject != "/CN=fresh"; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        Peer now = client();
        ASSERT_TRUE(now.shake_hands());
        subject = subject_of(now);
    }
    EXPECT_EQ(subject, "/CN=fresh");
    before.send(get("/health"));
    EXPECT_EQ(before.read_response().status, 200);

    std::ofstream(files.certificate("server")) << "no certificate";
    while (rig.options.certificate->problem().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_THAT(rig.options.certificate->problem(), HasSubstr("cannot be used"));
    Peer after = client();
    ASSERT_TRUE(after.shake_hands());
    EXPECT_EQ(subject_of(after), "/CN=fresh");
}

TEST(ServerCertificate, RefusesKeysThatOthersCanReadOrThatDoNotFit) {
    TlsFiles files;
    const auto make = [&](const std::string& key) {
        return refusal([&] { ServerCertificate(files.certificate("server"), files.path(key)); });
    };
    EXPECT_EQ(make("server.key"), "");
    EXPECT_THAT(make("none.key"), HasSubstr("missing"));
    EXPECT_THAT(make("other.key"), HasSubstr("cannot be used"));
    files.run(fmt::format("ec -in {} -aes128 -passout pass:secret -out {}", files.key("server").string(),
                          files.path("locked.key").string()));
    std::filesystem::permissions(files.path("locked.key"), std::filesystem::perms::owner_read);
    EXPECT_THAT(make("locked.key"), HasSubstr("cannot be used"));
    std::filesystem::permissions(files.key("server"), std::filesystem::perms(0644));
    EXPECT_THAT(make("server.key"), HasSubstr("read by others"));
}

// A gateway that listens plainly; the server behind it speaks TLS.
class TlsUpstream : public ::testing::Test {
  protected:
    void serve(std::function<void(Peer&)> script, std::shared_ptr<const TlsContext> trust,
               const std::string& host = "localhost") {
        rig.serve_original(std::move(script), server.get());
        rig.controller.original.host = host;
        rig.controller.original.addresses = rollout::http::resolve("127.0.0.1", rig.original().port());
        rig.controller.original.tls = std::move(trust);
        rig.start();
    }
    std::shared_ptr<const TlsContext> trusted() { return TlsContext::for_client(files.certificate("ca")); }
    Finish finish_of(const Message& reply, int status) {
        EXPECT_EQ(reply.status, status);
        return rig.controller.wait_for_ended(1).at(0).finish;
    }

    TlsFiles files;
    SslContext server = files.server();
    GatewayRig rig;
};

TEST_F(TlsUpstream, SpeaksToAVerifiedServerOnKeptConnections) {
    std::promise<std::string> name;
    serve(
        [&](Peer& peer) {
            name.set_value(SSL_get_servername(peer.tls(), TLSEXT_NAMETYPE_host_name));
            always(http_answer(200, chat_answer))(peer);
        },
        trusted());
    for (int i = 0; i < 20; ++i) EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, chat_answer);
    EXPECT_EQ(rig.original().connections(), 1);
    EXPECT_EQ(name.get_future().get(), "localhost");
}

TEST_F(TlsUpstream, CarriesLargeBodiesToASlowClient) {
    const std::string big(8 << 20, 'y');
    serve(
        [&](Peer& peer) {
            peer.read_request();
            peer.send(http_answer(200, big));
            peer.read_request();
        },
        trusted());
    Peer client = rig.client();
    client.send(post("/v1/chat/completions", chat_body));
    std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the gateway stops reading meanwhile
    EXPECT_EQ(client.read_response().body, big);
}

TEST_F(TlsUpstream, ChecksNumbersToo) {
    serve(always(http_answer(200, chat_answer)), trusted(), "127.0.0.1");
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 200);
}

TEST_F(TlsUpstream, SendsNothingToAServerOfAnotherAuthority) {
    serve(always(http_answer(200, chat_answer)), TlsContext::for_client(files.certificate("other")));
    const Finish finish = finish_of(rig.ask(post("/v1/chat/completions", chat_body)), 503);
    EXPECT_EQ(finish.outcome, Outcome::server_error);
    EXPECT_THAT(finish.error, HasSubstr("certificate verify failed"));
    EXPECT_THAT(finish.error, HasSubstr("issuer"));
}

TEST_F(TlsUpstream, SendsNothingToAServerOfAnotherName) {
    serve(always(http_answer(200, chat_answer)), trusted(), "example.org");
    EXPECT_THAT(finish_of(rig.ask(post("/v1/chat/completions", chat_body)), 503).error, HasSubstr("hostname mismatch"));
}

TEST_F(TlsUpstream, TakesAnyCertificateWhereToldTo) {
    serve(always(http_answer(200, chat_answer)), TlsContext::for_client_unverified(), "example.org");
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, 200);
}

TEST_F(TlsUpstream, FailsTowardsAServerThatSpeaksNoTls) {
    server.reset();
    serve([](Peer& peer) { peer.send("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"); }, trusted());
    EXPECT_THAT(finish_of(rig.ask(post("/v1/chat/completions", chat_body)), 503).error, HasSubstr("no TLS"));
}

TEST_F(TlsUpstream, WaitsForAHandshakeNoLongerThanForAConnection) {
    server.reset();
    rig.options.connect_time = std::chrono::milliseconds{300};
    serve([](Peer& peer) { peer.read_to_end(); }, trusted());
    EXPECT_THAT(finish_of(rig.ask(post("/v1/chat/completions", chat_body)), 503).error, HasSubstr("in time"));
}

// An answer without a length ends with the connection. Under TLS only the server can end it: a cut on the way shows.
TEST_F(TlsUpstream, TellsAnEndedAnswerFromACutOne) {
    std::atomic<int> asked = 0;
    serve(
        [&](Peer& peer) {
            peer.read_request();
            peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + std::string(chat_answer));
            if (++asked == 1) SSL_shutdown(peer.tls());
        },
        trusted());
    rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(rig.controller.wait_for_ended(1).at(0).finish.outcome, Outcome::ok);
    rig.ask(post("/v1/chat/completions", chat_body));
    EXPECT_EQ(rig.controller.wait_for_ended(2).at(1).finish.outcome, Outcome::truncated);
}

TEST_F(TlsListener, IsAskedByCommandsThatKnowItsCertificate) {
    rig.start();
    rollout::HttpCall request;
    request.path = "/health";
    request.tls = TlsContext::for_client_of(files.certificate("server"));
    std::string problem;
    const rollout::Address address{"127.0.0.1", rig.gateway().port(), "", true};
    const auto answer = rollout::call(address, request, &problem);
    ASSERT_TRUE(answer) << problem;
    EXPECT_EQ(answer->status, 200);
    request.tls = TlsContext::for_client_of(files.certificate("other"));
    EXPECT_FALSE(rollout::call(address, request, &problem));
    EXPECT_THAT(problem, HasSubstr("certificate verify failed"));
}

}  // namespace
}  // namespace scale::test
