// The load of `make bench-gateway`, on one thread.
//
//   bench_load rate PORT PER_SECOND SECONDS CONNECTIONS
//       Open loop: requests leave at random times drawn beforehand (exponential gaps), whatever the answers do; latency
//       counts from the time drawn, so a server that stalls pays for all that should have been sent meanwhile.
//   bench_load streams PORT COUNT
//       Opens COUNT streams and keeps them; says "open" once each has brought an event; ends when its input ends or all
//       streams have. An event counts as coalesced where one read brought another event of the same stream before it.
//
// Both print one line of JSON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <sys/timerfd.h>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>

#include "rollout/http/address.h"
#include "rollout/http/client_connection.h"
#include "rollout/http/connection_pool.h"
#include "rollout/http/descriptor_limit.h"
#include "rollout/http/reactor.h"

namespace {

using namespace scale::rollout::http;

std::string request_body(std::uint64_t user, bool stream) {
    return fmt::format(
        "{{\"model\":\"mock\",\"user\":\"user-{}\",\"max_tokens\":150,\"messages\":[{{\"role\":\"user\",\"content\":"
        "\"{}\"}}]{}}}",
        user, std::string(300, 'q'), stream ? ",\"stream\":true" : "");
}
std::string request_head(std::size_t body_bytes) {
    return fmt::format(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer sk-bench\r\n"
        "content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body_bytes);
}

// Wakes at given times to within the kernel's resolution, finer than the reactor's milliseconds.
class Alarm final : public Reactor::Handler {
  public:
    Alarm(Reactor& reactor, std::function<void()> callback)
        : descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)), callback_(std::move(callback)) {
        reactor.watch(descriptor_.get(), EPOLLIN, this);
    }
    void set(Clock::time_point time) {
        const auto since = time.time_since_epoch();
        itimerspec when{};
        when.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(since).count();
        when.it_value.tv_nsec = (since % std::chrono::seconds(1)).count();
        ::timerfd_settime(descriptor_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
    }
    void on_events(std::uint32_t) override {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto got = ::read(descriptor_.get(), &count, sizeof count);
        callback_();
    }

  private:
    scale::core::FileDescriptor descriptor_;
    std::function<void()> callback_;
};

class RateLoad {
  public:
    RateLoad(std::uint16_t port, double per_second, double seconds, std::size_t connections)
        : port_(port),
          addresses_(numeric_address("127.0.0.1", port)),
          connections_(connections),
          alarm_(reactor_, [this] { send_due(); }),
          end_(reactor_, [this] { reactor_.stop(); }) {
        std::mt19937_64 random(1);
        std::exponential_distribution<double> gap(per_second);
        for (double at = gap(random); at < seconds; at += gap(random)) arrivals_.push_back(at);
        latencies_.reserve(arrivals_.size());
        seconds_ = seconds;
    }

    void run() {
        start_ = Clock::now() + std::chrono::milliseconds(50);
        alarm_.set(time_of(0));
        end_.set(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds_ + 5)));
        reactor_.run();
        std::sort(latencies_.begin(), latencies_.end());
        const auto quantile = [&](double q) {
            return latencies_.empty()
                       ? -1.0
                       : latencies_[static_cast<std::size_t>(q * static_cast<double>(latencies_.size() - 1))];
        };
        fmt::print(
            "{{\"sent\":{},\"ok\":{},\"errors\":{},\"late\":{},\"p50_us\":{:.1f},\"p90_us\":{:.1f},\"p99_us\":"
            "{:.1f},\"max_us\":{:.1f}}}\n",
            next_, latencies_.size(), errors_, arrivals_.size() - latencies_.size() - errors_, quantile(.5),
            quantile(.9), quantile(.99), quantile(1));
    }

  private:
    struct Call final : ResponseSink, Reactor::Disposable {
        Call(RateLoad& owner, Clock::time_point due) : load(owner), due_at(due) {}
        void on_head(const Head& head) override { good = head.status == 200; }
        void on_body(std::string_view) override {}
        void on_batch() override {}
        void on_complete() override { load.ended(*this, good); }
        void on_failure(ClientFailure, std::string_view) override { load.ended(*this, false); }
        RateLoad& load;
        Clock::time_point due_at;
        bool good = false;
    };

    Clock::time_point time_of(std::size_t index) const {
        return start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(arrivals_[index]));
    }

    void send_due() {
        while (next_ < arrivals_.size() && time_of(next_) <= Clock::now()) waiting_.push_back(time_of(next_++));
        if (next_ < arrivals_.size()) alarm_.set(time_of(next_));
        send_waiting();
    }

    void send_waiting() {
        while (!waiting_.empty() && open_ < connections_) {
            const auto body = request_body(user_++ % 5000, false);
            ClientConnection* connection = pool_.acquire("127.0.0.1", port_, addresses_, false);
            if (connection == nullptr) {
                ++errors_;
                waiting_.pop_front();
                continue;
            }
            ++open_;
            auto call = std::make_unique<Call>(*this, waiting_.front());
            waiting_.pop_front();
            Call* raw = call.release();
            connection->start(request_head(body.size()), body, false, *raw);
        }
    }

    void ended(Call& call, bool good) {
        const double micros = std::chrono::duration<double, std::micro>(Clock::now() - call.due_at).count();
        good ? latencies_.push_back(micros) : static_cast<void>(++errors_);
        reactor_.dispose(std::unique_ptr<Call>(&call));
        --open_;
        send_waiting();
        if (next_ == arrivals_.size() && waiting_.empty() && open_ == 0) reactor_.stop();
    }

    Reactor reactor_;
    const Limits limits_;
    ConnectionPool pool_{reactor_, limits_, std::chrono::milliseconds(5000)};
    std::uint16_t port_;
    std::vector<SocketAddress> addresses_;
    std::size_t connections_;
    std::vector<double> arrivals_;
    double seconds_ = 0;
    Alarm alarm_;
    Timer end_;
    Clock::time_point start_{};
    std::size_t next_ = 0;
    std::size_t open_ = 0;
    std::size_t errors_ = 0;
    std::uint64_t user_ = 0;
    std::deque<Clock::time_point> waiting_;
    std::vector<double> latencies_;
};

class StreamLoad final : public Reactor::Handler {
  public:
    StreamLoad(std::uint16_t port, std::size_t count)
        : port_(port), addresses_(numeric_address("127.0.0.1", port)), count_(count) {
        reactor_.watch(STDIN_FILENO, EPOLLIN, this);
    }
    void run() {
        open_more();
        reactor_.run();
        fmt::print("{{\"streams\":{},\"began\":{},\"ended\":{},\"failed\":{},\"events\":{},\"coalesced\":{}}}\n",
                   count_, began_, ended_, failed_, events_, coalesced_);
        std::fflush(stdout);
    }
    void on_events(std::uint32_t) override {
        char byte = 0;
        if (::read(STDIN_FILENO, &byte, 1) <= 0) reactor_.stop();
    }

  private:
    struct Call final : ResponseSink {
        explicit Call(StreamLoad& owner) : load(owner) {}
        void on_head(const Head& head) override { good = head.status == 200; }
        void on_body(std::string_view piece) override {
            for (auto at = piece.find("\n\n"); at != std::string_view::npos; at = piece.find("\n\n", at + 2)) ++events;
        }
        void on_batch() override {
            load.count(*this, events);
            events = 0;
        }
        void on_complete() override { load.ended(good); }
        void on_failure(ClientFailure, std::string_view) override { load.ended(false); }
        StreamLoad& load;
        std::uint64_t events = 0;
        bool good = false;
        bool began = false;
    };

    // A few at a time: what is measured is open streams, not how fast they open.
    void open_more() {
        while (calls_.size() < count_ && calls_.size() < began_ + failed_ + 200) {
            const auto body = request_body(calls_.size(), true);
            calls_.push_back(std::make_unique<Call>(*this));
            ClientConnection* connection = pool_.acquire("127.0.0.1", port_, addresses_, true);
            if (connection == nullptr) {
                ++failed_;
                continue;
            }
            connection->start(request_head(body.size()), body, false, *calls_.back());
        }
    }
    // [DONE] counts as an event: the server sends it by itself.
    void count(Call& call, std::uint64_t events) {
        if (events == 0) return;
        events_ += events;
        coalesced_ += events - 1;
        if (std::exchange(call.began, true)) return;
        if (++began_ == count_) say_open();
        open_more();
    }
    void ended(bool good) {
        good ? ++ended_ : ++failed_;
        if (!good) open_more();
        if (failed_ + began_ == count_) say_open();
        if (ended_ + failed_ == count_) reactor_.stop();
    }
    void say_open() {
        if (std::exchange(said_, true)) return;
        fmt::print("open\n");
        std::fflush(stdout);
    }

    Reactor reactor_;
    const Limits limits_;
    ConnectionPool pool_{reactor_, limits_, std::chrono::milliseconds(20000)};
    std::uint16_t port_;
    std::vector<SocketAddress> addresses_;
    std::size_t count_;
    std::vector<std::unique_ptr<Call>> calls_;
    std::size_t began_ = 0, ended_ = 0, failed_ = 0;
    std::uint64_t events_ = 0, coalesced_ = 0;
    bool said_ = false;
};

}  // namespace

int main(int argc, char** argv) {
    raise_descriptor_limit();
    const std::string mode = argc > 1 ? argv[1] : "";
    if (mode == "rate" && argc == 6) {
        RateLoad(static_cast<std::uint16_t>(std::atoi(argv[2])), std::atof(argv[3]), std::atof(argv[4]),
                 static_cast<std::size_t>(std::atoi(argv[5])))
            .run();
        return 0;
    }
    if (mode == "streams" && argc == 4) {
        StreamLoad(static_cast<std::uint16_t>(std::atoi(argv[2])), static_cast<std::size_t>(std::atoi(argv[3]))).run();
        return 0;
    }
    fmt::print(stderr, "bench_load rate PORT PER_SECOND SECONDS CONNECTIONS | streams PORT COUNT\n");
    return 2;
}
