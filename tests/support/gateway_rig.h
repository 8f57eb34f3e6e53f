// A running gateway with its log, a fake controller, and up to two scripted servers behind it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/file.h"
#include "rollout/gateway/gateway.h"
#include "support/fake_controller.h"
#include "support/http_peer.h"

namespace scale::test {

class GatewayRig {
  public:
    rollout::GatewayOptions options;
    rollout::LogOptions log_options;
    FakeController controller;

    GatewayRig() {
        log_options.folder = folder_.path() / "log";
        log_options.spacing = std::chrono::microseconds{200};
        options.drain_time = std::chrono::milliseconds{3000};
        options.workers = 1;
    }
    ~GatewayRig() { stop(); }

    // With `tls` the server speaks it; the gateway does where controller.original.tls says so.
    void serve_original(std::function<void(Peer&)> script, SSL_CTX* tls = nullptr) {
        serve(original_, controller.original, std::move(script), tls);
    }
    void serve_candidate(std::function<void(Peer&)> script) {
        serve(candidate_, controller.candidate, std::move(script), nullptr);
    }
    const ScriptedServer& original() const { return *original_; }

    void start() {
        log_ = std::make_unique<rollout::SegmentLog>(log_options);
        gateway_ = std::make_unique<rollout::Gateway>(options, controller, *log_);
        thread_ = std::thread([this] { gateway_->run(); });
    }
    // Ends gateway, log and servers; the log can be read afterwards.
    void stop() {
        if (!gateway_) return;
        gateway_->stop();
        thread_.join();
        gateway_.reset();
        log_.reset();
    }
    rollout::Gateway& gateway() { return *gateway_; }
    rollout::SegmentLog& log() { return *log_; }

    Peer client() { return connect_to(gateway_->port()); }
    Message ask(std::string_view request) {
        Peer peer = client();
        peer.send(request);
        return peer.read_response();
    }

    std::vector<rollout::Record> records() {
        stop();
        std::vector<rollout::Record> records;
        rollout::for_each_record(log_options.folder, [&](const auto& record) { records.push_back(record); });
        return records;
    }

    // The last answer's text as it was logged; the controller does not see it.
    std::string logged_answer() {
        std::string answer;
        for (const auto& record : records())
            if (const auto* finish = std::get_if<rollout::Finish>(&record)) answer = finish->answer;
        return answer;
    }

  private:
    static void serve(std::unique_ptr<ScriptedServer>& server, rollout::Upstream& upstream,
                      std::function<void(Peer&)> script, SSL_CTX* tls) {
        server = std::make_unique<ScriptedServer>(std::move(script), tls);
        upstream.host = "127.0.0.1";
        upstream.port = server->port();
        upstream.healthy = true;
    }

    core::TemporaryFolder folder_;
    std::unique_ptr<ScriptedServer> original_;
    std::unique_ptr<ScriptedServer> candidate_;
    std::unique_ptr<rollout::SegmentLog> log_;
    std::unique_ptr<rollout::Gateway> gateway_;
    std::thread thread_;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view headers = "") {
    return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path, body.size(),
                       headers, body);
}
inline std::string get(std::string_view path, std::string_view headers = "") {
    return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers);
}
inline std::string http_answer(int status, std::string_view body, std::string_view headers = "") {
    return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
                       body.size(), headers, body);
}
inline std::string chunk(std::string_view content) {
    return fmt::format("{:x}\r\n{}\r\n", content.size(), content);
}
inline std::string event(std::string_view text) {
    return fmt::format(
        "data: {{\"id\":\"chatcmpl-1\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}},"
        "\"finish_reason\":null}}]}}\n\n",
        text);
}
constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view chat_body = R"({"model":"m","user":"ann","messages":[{"role":"user","content":"hi"}]})";
constexpr std::string_view chat_answer =
    R"({"id":"chatcmpl-9","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":3,"completion_tokens":1}})";

// Answers every request of the connection alike.
inline std::function<void(Peer&)> always(std::string answer) {
    return [answer = std::move(answer)](Peer& peer) {
        while (peer.read_request().complete) peer.send(answer);
    };
}

}  // namespace scale::test
