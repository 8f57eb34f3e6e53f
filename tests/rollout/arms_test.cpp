#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "rollout/arms/arm_server.h"

namespace {

using namespace scale;
using namespace scale::rollout;
using namespace std::chrono_literals;

// Answers every connection with the same bytes.
class CannedServer {
  public:
    explicit CannedServer(std::string answer) : answer_(std::move(answer)) {
        listener_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size);
        ::listen(listener_.get(), 8);
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port = ::ntohs(address.sin_port);
        thread_ = std::thread([this] {
            for (;;) {
                const core::FileDescriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
                if (!client) return;
                char request[4096];
                [[maybe_unused]] const auto got = ::recv(client.get(), request, sizeof request, 0);
                [[maybe_unused]] const auto sent = ::send(client.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
            }
        });
    }
    ~CannedServer() { stop(); }
    void stop() {
        if (!thread_.joinable()) return;
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
        listener_.reset();
    }
    std::uint16_t port = 0;

  private:
    std::string answer_;
    core::FileDescriptor listener_;
    std::thread thread_;
};

Address local(std::uint16_t port) {
    return {"127.0.0.1", port, ""};
}

// A program in place of llama-server.
std::filesystem::path script(const core::TemporaryFolder& folder, const std::string& text) {
    const auto path = folder.path() / "server.sh";
    core::write_file_atomic(path, "#!/bin/sh\n" + text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    core::write_file_atomic(folder.path() / "model.gguf", "x");
    return path;
}

ArmOptions options_for(const core::TemporaryFolder& folder, const std::string& text) {
    ArmOptions options;
    options.arm = Arm::candidate;
    options.program = script(folder, text);
    options.model = folder.path() / "model.gguf";
    options.alias = "model";
    options.log = folder.path() / "candidate.log";
    return options;
}

TEST(Url, GoodOnes) {
    EXPECT_EQ(parse_url("http://localhost:9000", "x").port, 9000);
    EXPECT_EQ(parse_url("http://localhost", "x").port, 80);
    EXPECT_EQ(parse_url("https://localhost", "x").port, 443);
    EXPECT_TRUE(parse_url("https://localhost:1/a", "x").secure);
    EXPECT_FALSE(parse_url("http://localhost:1/a", "x").secure);
    EXPECT_EQ(parse_url("http://h:1/a/b/", "x").base_path, "/a/b");
    EXPECT_EQ(parse_listen("0.0.0.0:0", "x").host, "0.0.0.0");
}

TEST(Url, BadOnesNameTheSetting) {
    for (const char* url : {"", "localhost:80", "https//h:1", "http://", "http://h:0", "http://h:70000", "http://h:x",
                            "http://h:1/ a", "http://u@h:1"}) {
        try {
            parse_url(url, "candidate_url");
            ADD_FAILURE() << url;
        } catch (const core::Error& error) {
            EXPECT_NE(error.found().find("candidate_url"), std::string::npos);
        }
    }
    for (const char* text : {"", "8080", ":8080", "h:", "h:99999"})
        EXPECT_THROW(parse_listen(text, "listen"), core::Error) << text;
}

TEST(HttpCall, ReadsPlainAndChunkedAnswers) {
    CannedServer plain("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi");
    const auto answer = call(local(plain.port), {});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(answer->body, "hi");
    CannedServer chunked("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    EXPECT_EQ(call(local(chunked.port), {})->body, "abcde");
}

TEST(HttpCall, NonsenseAndSilenceAreNoAnswer) {
    CannedServer nonsense("SSH-2.0-OpenSSH\r\n");
    EXPECT_FALSE(call(local(nonsense.port), {}));
    std::string problem;
    EXPECT_FALSE(call(local(free_port()), {}, &problem));
    EXPECT_NE(problem.find("Connection refused"), std::string::npos) << problem;
}

TEST(ArmServer, MissingProgramOrModelIsToldAtOnce) {
    const core::TemporaryFolder folder;
    ArmOptions options = options_for(folder, "exit 0\n");
    options.model = folder.path() / "no.gguf";
    EXPECT_THROW(ArmServer{options}, core::Error);
    options.model = folder.path() / "model.gguf";
    options.program = folder.path() / "no-server";
    EXPECT_THROW(ArmServer{options}, core::Error);
}

TEST(ArmServer, DeathIsToldWithItsLastLines) {
    const core::TemporaryFolder folder;
    ArmServer server(options_for(folder, "echo cannot load the weights >&2\nexit 3\n"));
    try {
        server.wait_healthy();
        FAIL() << "it never was healthy";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::worker);
        EXPECT_NE(error.found().find("exit status 3"), std::string::npos) << error.found();
        EXPECT_NE(error.found().find("cannot load the weights"), std::string::npos) << error.found();
    }
    EXPECT_EQ(server.status().state, ArmState::died);
    EXPECT_FALSE(server.status().upstream.healthy);
}

TEST(ArmServer, TheOriginalIsStartedAgain) {
    const core::TemporaryFolder folder;
    ArmOptions options = options_for(folder, "echo started >> " + (folder.path() / "starts").string() + "\nexit 1\n");
    options.restart = true;
    ArmServer server(options);
    for (int i = 0; i < 300 && server.status().restarts == 0; ++i) std::this_thread::sleep_for(20ms);
    EXPECT_GE(server.status().restarts, 1);
}

TEST(ArmServer, StopsItsProcess) {
    const core::TemporaryFolder folder;
    ArmServer server(options_for(folder, "exec sleep 1000\n"));
    pid_t process = -1;
    for (int i = 0; i < 300 && process <= 0; ++i) {
        process = server.status().pid;
        std::this_thread::sleep_for(20ms);
    }
    ASSERT_GT(process, 0);
    server.stop();
    EXPECT_NE(::kill(process, 0), 0) << "the process is still there";
    EXPECT_EQ(server.status().state, ArmState::stopped);
}

TEST(ArmServer, WatchesAnAddress) {
    CannedServer health("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ArmOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(health.port) + "/api";
    ArmServer server(options);
    server.wait_healthy();
    EXPECT_TRUE(server.status().upstream.healthy);
    EXPECT_EQ(server.status().upstream.base_path, "/api");
    health.stop();
    for (int i = 0; i < 500 && server.status().state == ArmState::healthy; ++i) std::this_thread::sleep_for(20ms);
    EXPECT_EQ(server.status().state, ArmState::unreachable);
    EXPECT_FALSE(server.status().upstream.healthy);
}

TEST(ArmServer, AnAddressWithoutServerIsToldSoon) {
    ArmOptions options;
    options.url = "http://127.0.0.1:" + std::to_string(free_port());
    ArmServer server(options);
    EXPECT_THROW(server.wait_healthy(), core::Error);
}

TEST(ArmServer, ArgumentsGiveEachSlotItsContext) {
    ArmOptions options;
    options.program = "llama-server";
    options.model = "m.gguf";
    options.alias = "name";
    options.context = 512;
    options.parallel = 3;
    const auto arguments = server_arguments(options, 1234);
    const auto after = [&](const std::string& flag) {
        for (std::size_t i = 0; i + 1 < arguments.size(); ++i)
            if (arguments[i] == flag) return arguments[i + 1];
        return std::string();
    };
    EXPECT_EQ(after("-c"), "1536");
    EXPECT_EQ(after("-np"), "3");
    EXPECT_EQ(after("--port"), "1234");
    EXPECT_EQ(after("--host"), "127.0.0.1");
    EXPECT_EQ(after("-t"), "");
}

TEST(ArmServer, BesideAnotherItsThreadsDoNotSpinUnlessTheUserSaysSo) {
    using Environment = std::vector<std::pair<std::string, std::string>>;
    for (const char* name : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) ::unsetenv(name);
    ArmOptions options;
    EXPECT_EQ(server_environment(options), Environment{});
    options.beside_another = true;
    EXPECT_EQ(server_environment(options), (Environment{{"GOMP_SPINCOUNT", "1000"}}));
    for (const char* name : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"}) {
        ::setenv(name, "1000", 1);
        EXPECT_EQ(server_environment(options), Environment{}) << name;
        ::unsetenv(name);
    }
}

}  // namespace
