// A model server that thinks of nothing: what `make bench-gateway` puts behind every gateway, on one thread.
//
//   bench_mock_upstream EVENTS INTERVAL_MS
//
// Answers each POST with a chat completion of 900 bytes, or, where the request asks for a stream, with EVENTS events,
// INTERVAL_MS apart, each sent by itself. Prints its port.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "rollout/http/address.h"
#include "rollout/http/descriptor_limit.h"
#include "rollout/http/reactor.h"
#include "rollout/http/server_connection.h"

namespace {

using namespace scale::rollout::http;

std::string plain_answer() {
    std::string answer =
        R"({"id":"chatcmpl-mock","object":"chat.completion","model":"mock","choices":[{"index":0,"finish_reason":"stop",)"
        R"("message":{"role":"assistant","content":")";
    const std::string end = R"("}}],"usage":{"prompt_tokens":20,"completion_tokens":150,"total_tokens":170}})";
    answer.append(900 - answer.size() - end.size(), 'x');
    return answer + end;
}

std::string event(int number) {
    return fmt::format(
        "data: {{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"choices\":[{{\"index\":0,\"delta\":"
        "{{\"content\":\"word {}\"}},\"finish_reason\":null}}]}}\n\n",
        number);
}

class Mock final : public Service, public Reactor::Handler {
  public:
    Mock(Reactor& reactor, int events, std::chrono::milliseconds interval)
        : reactor_(reactor),
          events_(events),
          interval_(interval),
          answer_(plain_answer()),
          listener_(listen_on(resolve("127.0.0.1", 0).front())) {
        times_.idle = times_.write = std::chrono::minutes(10);
        reactor_.watch(listener_.get(), EPOLLIN, this);
    }
    std::uint16_t port() const { return local_port(listener_.get()); }

    void on_events(std::uint32_t) override {
        for (;;) {
            scale::core::FileDescriptor client(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!client) return;
            auto connection =
                std::make_unique<ServerConnection>(reactor_, std::move(client), true, *this, limits_, times_);
            ServerConnection* raw = connection.get();
            clients_.emplace(raw, std::move(connection));
        }
    }
    void on_request(ServerConnection& client) override {
        if (client.head().method != "POST") return client.reply(200, "", "{}");
        if (client.body().find("\"stream\":true") == std::string::npos) return client.reply(200, "", answer_);
        client.begin(200, "content-type: text/event-stream\r\n", -1);
        auto& stream = streams_[&client];
        stream.timer = std::make_unique<Timer>(reactor_, [this, &client] { next_event(client); });
        next_event(client);
    }
    void on_abort(ServerConnection& client) override { streams_.erase(&client); }
    void on_progress(ServerConnection&) override {}
    std::string refusal_body(const Refusal&) override { return "{}"; }
    void on_closed(ServerConnection& client) override {
        reactor_.dispose(std::move(clients_.at(&client)));
        clients_.erase(&client);
    }

  private:
    struct Stream {
        std::unique_ptr<Timer> timer;
        int sent = 0;
    };

    void next_event(ServerConnection& client) {
        Stream& stream = streams_.at(&client);
        if (stream.sent++ < events_) {
            client.send_body(event(stream.sent));
            client.flush_reply();
            return stream.timer->set(interval_);
        }
        client.send_body("data: [DONE]\n\n");
        finished_.push_back(std::move(stream.timer));  // it is running
        if (finished_.size() > 1) finished_.erase(finished_.begin());
        streams_.erase(&client);
        client.end();
    }

    Reactor& reactor_;
    const int events_;
    const std::chrono::milliseconds interval_;
    const std::string answer_;
    const Limits limits_;
    ServerTimes times_;
    scale::core::FileDescriptor listener_;
    std::unordered_map<ServerConnection*, std::unique_ptr<ServerConnection>> clients_;
    std::unordered_map<ServerConnection*, Stream> streams_;
    std::vector<std::unique_ptr<Timer>> finished_;
};

}  // namespace

int main(int argc, char** argv) {
    raise_descriptor_limit();
    const int events = argc > 1 ? std::atoi(argv[1]) : 20;
    const int interval = argc > 2 ? std::atoi(argv[2]) : 10;
    Reactor reactor;
    Mock mock(reactor, events, std::chrono::milliseconds(interval));
    std::printf("%d\n", mock.port());
    std::fflush(stdout);
    reactor.run();
}
