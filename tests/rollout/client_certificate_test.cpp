// Certificates of clients at the gateway's listener, and the gateway's own towards its servers.
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/arms/arm_server.h"
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

// A gateway that serves clients of "ca" and nobody else.
class ClientCertificate : public ::testing::Test {
  protected:
    ClientCertificate() {
        files.make_client("known", "ca");
        rig.options.certificate = std::make_shared<ServerCertificate>(files.certificate("server"), files.key("server"),
                                                                      files.certificate("ca"));
        rig.serve_original(always(http_answer(200, chat_answer)));
    }
    // 0 where the connection ended instead of an answer. Under TLS 1.3 a client hears of its refusal only then.
    int status_for(const SslContext& context, const std::string& request, int version = TLS1_3_VERSION) {
        Peer peer = connect_to(rig.gateway().port(), context.get());
        SSL_set_max_proto_version(peer.tls(), version);
        if (!peer.shake_hands()) return 0;
        peer.send(request);
        return peer.read_response().status;
    }
    int status_for(const SslContext& context) { return status_for(context, post("/v1/chat/completions", chat_body)); }
    std::uint64_t refused() {
        Peer peer = connect_to(rig.gateway().port(), known.get());
        peer.shake_hands();
        peer.send(get("/metrics"));
        const std::string metrics = peer.read_response().body;
        const std::string name = "\nscale_gateway_client_certificates_refused_total ";
        return std::stoull(metrics.substr(metrics.find(name) + name.size()));
    }

    TlsFiles files;
    GatewayRig rig;
    SslContext known;
    void start() {
        known = files.client("known");
        rig.start();
    }
};

TEST_F(ClientCertificate, ServesWhoShowsOneOfTheAuthority) {
    start();
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
        EXPECT_EQ(status_for(known, post("/v1/chat/completions", chat_body), version), 200);
    EXPECT_EQ(refused(), 0u);
}

TEST_F(ClientCertificate, TurnsAwayWhoShowsNone) {
    start();
    EXPECT_EQ(status_for(files.client()), 0);
    EXPECT_EQ(status_for(files.client(), get("/health")), 0) << "no path is open without one";
    EXPECT_EQ(status_for(files.client(), get("/health"), TLS1_2_VERSION), 0);
    EXPECT_EQ(refused(), 3u);
    EXPECT_EQ(status_for(known), 200);
    EXPECT_EQ(rig.controller.wait_for_ended(1).size(), 1u) << "nothing of the others reached a server";
}

TEST_F(ClientCertificate, TurnsAwayWhoseIsExpiredOrOfAnotherAuthorityOrForServers) {
    files.make_client("expired", "ca", -1);
    files.make_client("stranger", "other");
    files.make_server("model", "extendedKeyUsage=serverAuth");
    start();
    for (const char* name : {"expired", "stranger", "model"}) {
        EXPECT_EQ(status_for(files.client(name)), 0) << name;
        EXPECT_EQ(status_for(files.client(name), get("/health"), TLS1_2_VERSION), 0) << name;
    }
    EXPECT_EQ(refused(), 6u);
}

// What names the same subject was not signed by the authority all the same.
TEST_F(ClientCertificate, TurnsAwayWhoCopiesASubject) {
    files.run(
        fmt::format("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=known "
                    "-keyout {} -out {}",
                    files.key("forged").string(), files.certificate("forged").string()));
    start();
    EXPECT_EQ(status_for(files.client("forged")), 0);
}

TEST_F(ClientCertificate, IsProvedOnEveryConnection) {
    start();
    Peer first = connect_to(rig.gateway().port(), known.get());
    ASSERT_TRUE(first.shake_hands());
    first.send(get("/health"));
    ASSERT_EQ(first.read_response().status, 200);
    SSL_SESSION* session = SSL_get1_session(first.tls());
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        Peer again = connect_to(rig.gateway().port(), files.client().get());
        SSL_set_max_proto_version(again.tls(), version);
        SSL_set_session(again.tls(), session);
        if (again.shake_hands()) {
            EXPECT_EQ(SSL_session_reused(again.tls()), 0);
            again.send(get("/health"));
            EXPECT_FALSE(again.read_response().complete);
        }
    }
    SSL_SESSION_free(session);
}

// Commands know the gateway's own certificate and key, even one that is good for servers alone and has no authority.
TEST_F(ClientCertificate, IsTheGatewaysOwnForItsCommands) {
    files.run(
        fmt::format("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=own "
                    "-addext extendedKeyUsage=serverAuth -keyout {} -out {}",
                    files.key("own").string(), files.certificate("own").string()));
    rig.options.certificate =
        std::make_shared<ServerCertificate>(files.certificate("own"), files.key("own"), files.certificate("ca"));
    rig.start();
    rollout::HttpCall request;
    request.path = "/health";
    request.tls = TlsContext::for_client_of(files.certificate("own"), files.key("own"));
    std::string problem;
    const rollout::Address address{"127.0.0.1", rig.gateway().port(), "", true};
    const auto answer = rollout::call(address, request, &problem);
    ASSERT_TRUE(answer) << problem;
    EXPECT_EQ(answer->status, 200);
    request.tls = TlsContext::for_client_of(files.certificate("own"));
    EXPECT_FALSE(rollout::call(address, request, &problem)) << "without the key nobody is a command";
    EXPECT_THAT(problem, HasSubstr("certificate required"));
}

TEST_F(ClientCertificate, OfAReplacedAuthorityIsServedWithoutARestart) {
    files.make_client("stranger", "other");
    start();
    const SslContext stranger = files.client("stranger");
    EXPECT_EQ(status_for(stranger), 0);
    std::filesystem::copy_file(files.certificate("other"), files.path("next.pem"));
    std::filesystem::rename(files.path("next.pem"), files.certificate("ca"));
    int status = 0;
    for (int i = 0; i < 100 && status != 200; ++i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        status = status_for(stranger);
    }
    EXPECT_EQ(status, 200);
    EXPECT_EQ(status_for(known), 0);
    std::ofstream(files.certificate("ca")) << "no authority";
    while (rig.options.certificate->problem().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    EXPECT_THAT(rig.options.certificate->problem(), HasSubstr("no certificate can be read from"));
    EXPECT_EQ(status_for(stranger), 200) << "those in use stay";
}

TEST(ClientAuthorities, ThatCannotBeReadAreRefusedAtTheStart) {
    TlsFiles files;
    const auto make = [&](const std::filesystem::path& authorities) {
        return refusal([&] { ServerCertificate(files.certificate("server"), files.key("server"), authorities); });
    };
    EXPECT_EQ(make(files.certificate("ca")), "");
    EXPECT_THAT(make(files.path("none.pem")), HasSubstr(files.path("none.pem").string()));
    EXPECT_THAT(make(files.key("server")), HasSubstr("no certificate can be read from"));
}

// A gateway that listens plainly; the server behind it asks for a certificate of "ca".
class OwnCertificate : public ::testing::Test {
  protected:
    OwnCertificate() { files.make_client("gateway", "ca"); }
    rollout::http::Credentials own(const std::string& name) const { return {files.certificate(name), files.key(name)}; }
    Finish finish_of(std::shared_ptr<const TlsContext> context, int status) {
        rig.serve_original(always(http_answer(200, chat_answer)), server.get());
        rig.controller.original.host = "localhost";
        rig.controller.original.addresses = rollout::http::resolve("127.0.0.1", rig.original().port());
        rig.controller.original.tls = std::move(context);
        rig.start();
        EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).status, status);
        return rig.controller.wait_for_ended(1).at(0).finish;
    }

    TlsFiles files;
    SslContext server = files.server_for_clients_of("ca");
    GatewayRig rig;
};

TEST_F(OwnCertificate, IsShownToAServerThatAsks) {
    EXPECT_EQ(finish_of(TlsContext::for_client(files.certificate("ca"), own("gateway")), 200).outcome, Outcome::ok);
}

TEST_F(OwnCertificate, IsShownToAServerThatIsNotVerified) {
    EXPECT_EQ(finish_of(TlsContext::for_client_unverified(own("gateway")), 200).outcome, Outcome::ok);
}

TEST_F(OwnCertificate, MissedByTheServerIsAServerError) {
    const Finish finish = finish_of(TlsContext::for_client(files.certificate("ca")), 502);
    EXPECT_EQ(finish.outcome, Outcome::server_error);
    EXPECT_THAT(finish.error, HasSubstr("certificate required")) << "the server's own word";
}

TEST_F(OwnCertificate, OfAnotherAuthorityIsAServerError) {
    files.make_client("stranger", "other");
    EXPECT_EQ(finish_of(TlsContext::for_client(files.certificate("ca"), own("stranger")), 502).outcome,
              Outcome::server_error);
}

TEST_F(OwnCertificate, WhoseKeyDoesNotFitIsRefusedAtTheStart) {
    const auto make = [&](const rollout::http::Credentials& given) {
        return refusal([&] { TlsContext::for_client(files.certificate("ca"), given); });
    };
    EXPECT_EQ(make(own("gateway")), "");
    const std::string mixed = make({files.certificate("gateway"), files.key("server")});
    EXPECT_THAT(mixed, HasSubstr(files.key("server").string()));
    EXPECT_THAT(mixed, HasSubstr("mismatch"));
    files.run(fmt::format("genrsa -out {} 2048", files.key("rsa").string()));
    std::filesystem::permissions(files.key("rsa"), std::filesystem::perms(0600));
    EXPECT_THAT(make({files.certificate("gateway"), files.key("rsa")}), HasSubstr("cannot be used with"));
    EXPECT_THAT(make({files.path("none.pem"), files.key("gateway")}), HasSubstr(files.path("none.pem").string()));
    EXPECT_THAT(make({files.certificate("gateway"), files.path("none.key")}), HasSubstr("is missing"));
    std::filesystem::permissions(files.key("gateway"), std::filesystem::perms(0644));
    EXPECT_THAT(make(own("gateway")), HasSubstr("can be read by others"));
}

// The arm's own probes show it, too, and a replaced one is used without a restart.
TEST_F(OwnCertificate, OfAnArmIsReadAgain) {
    files.make_client("stranger", "other");
    files.make_client("good", "ca");
    ScriptedServer watched(always(http_answer(200, "{}")), server.get());
    rollout::ArmOptions options;
    options.url = fmt::format("https://localhost:{}", watched.port());
    options.authorities = files.certificate("ca");
    options.own = own("stranger");
    rollout::ArmServer arm(options);
    const auto wait_for = [&](const auto& holds) {
        for (int i = 0; i < 400 && !holds(arm.status()); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(25));
        return holds(arm.status());
    };
    EXPECT_TRUE(wait_for([](const auto& now) { return now.state == rollout::ArmState::unreachable; }));
    const auto before = arm.version();
    std::filesystem::rename(files.key("good"), files.key("stranger"));
    EXPECT_TRUE(wait_for([](const auto& now) { return !now.tls_problem.empty(); })) << "half of it was replaced";
    EXPECT_THAT(arm.status().tls_problem, HasSubstr(files.key("stranger").string()));
    std::filesystem::rename(files.certificate("good"), files.certificate("stranger"));
    EXPECT_TRUE(wait_for([](const auto& now) { return now.state == rollout::ArmState::healthy; }));
    EXPECT_EQ(arm.status().tls_problem, "");
    EXPECT_NE(arm.version(), before);
}

}  // namespace
}  // namespace scale::test
