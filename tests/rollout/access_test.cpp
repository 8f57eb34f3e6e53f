// Who may speak to the gateway, and under which addresses it and its servers are found.
#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "support/gateway_rig.h"

namespace scale::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Access, ClientsMustShowAKeyWhereThereAreKeys) {
    const core::TemporaryFolder folder;
    const auto file = folder.path() / "keys";
    core::write_file_atomic(file, "# clients\n0123456789abcdef-one\n\n0123456789abcdef-two\r\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    GatewayRig rig;
    rig.options.keys = std::make_shared<const rollout::KeyRing>(file);
    EXPECT_EQ(rig.options.keys->size(), 2u);
    std::promise<Message> seen;
    rig.serve_original([&](Peer& peer) {
        seen.set_value(peer.read_request());
        peer.send(http_answer(200, chat_answer));
        peer.read_request();
    });
    rig.start();
    for (const char* header :
         {"", "Authorization: Bearer 0123456789abcdef\r\n", "Authorization: 0123456789abcdef-one\r\n"})
        for (const auto& request : {post("/v1/chat/completions", chat_body, header), get("/v1/models", header),
                                    post("/v1/feedback", "{}", header)}) {
            const Message reply = rig.ask(request);
            EXPECT_EQ(reply.status, 401);
            EXPECT_EQ(core::Json::parse(reply.body)["error"]["code"], "invalid_api_key");
        }
    EXPECT_EQ(rig.ask(get("/health")).status, 200);
    const std::string key = "0123456789abcdef-two";
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body, "Authorization: Bearer " + key + "\r\n")).status, 200);
    EXPECT_FALSE(seen.get_future().get().headers.contains("authorization")) << "the key is ours, not the server's";
    for (const auto& record : rig.records()) EXPECT_THAT(rollout::to_json_line(record), Not(HasSubstr(key)));
}

TEST(Access, KeysThatOthersCanReadOrAreTooShortAreRefused) {
    const core::TemporaryFolder folder;
    const auto file = folder.path() / "keys";
    EXPECT_THROW(rollout::KeyRing{file}, core::Error);
    core::write_file_atomic(file, "0123456789abcdef\n");
    std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::group_read);
    EXPECT_THROW(rollout::KeyRing{file}, core::Error);
    for (const char* text : {"short\n", "# none\n", ""}) {
        core::write_file_atomic(file, text);
        std::filesystem::permissions(file, std::filesystem::perms::owner_read);
        try {
            const rollout::KeyRing ring(file);
            ADD_FAILURE() << text;
        } catch (const core::Error& error) {
            EXPECT_THAT(error.found(), Not(HasSubstr("short\n"))) << "no secret in a message";
        }
    }
}

TEST(Access, ListensOnIpv6AndReachesServersThere) {
    const auto addresses = rollout::http::numeric_address("::1", 0);
    ASSERT_EQ(addresses.size(), 1u);
    EXPECT_TRUE(addresses.front().is_loopback());
    core::FileDescriptor listener;
    try {
        listener = rollout::http::listen_on(addresses.front());
    } catch (const core::Error&) {
        GTEST_SKIP() << "this machine has no IPv6";
    }
    std::thread server([&] {
        ::fcntl(listener.get(), F_SETFL, ::fcntl(listener.get(), F_GETFL) & ~O_NONBLOCK);
        Peer peer(core::FileDescriptor(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)));
        EXPECT_EQ(peer.read_request().headers.at("host"),
                  fmt::format("[::1]:{}", rollout::http::local_port(listener.get())));
        peer.send(http_answer(200, chat_answer));
        peer.read_request();
    });
    GatewayRig rig;
    rig.options.address = "::1";
    rig.controller.original.host = "::1";
    rig.controller.original.port = rollout::http::local_port(listener.get());
    rig.start();
    const auto address = rollout::http::numeric_address("::1", rig.gateway().port()).front();
    core::FileDescriptor socket(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::connect(socket.get(), address.get(), address.size), 0);
    {
        Peer client(std::move(socket));
        client.send(post("/v1/chat/completions", chat_body));
        EXPECT_EQ(client.read_response().body, chat_answer);
        client.send(get("/metrics"));
        EXPECT_EQ(client.read_response().status, 200) << "::1 is this machine";
    }
    rig.stop();
    server.join();
}

// A name may stand for several addresses, of which the first need not answer.
TEST(Access, TriesTheNextAddressOfAServer) {
    GatewayRig rig;
    rig.serve_original(always(http_answer(200, chat_answer)));
    auto& original = rig.controller.original;
    const core::FileDescriptor taken = rollout::http::listen_on(rollout::http::resolve("127.0.0.1", 0).front());
    const std::uint16_t dead = rollout::http::local_port(taken.get());
    original.addresses = rollout::http::numeric_address("127.0.0.2", dead);
    original.addresses.push_back(rollout::http::numeric_address("127.0.0.1", original.port).front());
    rig.start();
    EXPECT_EQ(rig.ask(post("/v1/chat/completions", chat_body)).body, chat_answer);
}

}  // namespace
}  // namespace scale::test
