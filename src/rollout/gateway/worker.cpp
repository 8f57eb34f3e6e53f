#include "rollout/gateway/worker.h"

#include <cerrno>
#include <functional>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "rollout/gateway/error_body.h"
#include "rollout/http/address.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds tick_time{100};

core::FileDescriptor make_event() {
    core::FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) throw core::system_error("cannot make an event descriptor", errno);
    return event;
}

void clear_event(int descriptor) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(descriptor, &count, sizeof count);
}

std::string random_prefix() {
    std::uint64_t bits = 0;
    if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) throw core::system_error("no random bytes", errno);
    return fmt::format("req_{:016x}", bits);
}

http::ServerTimes times_of(const GatewayOptions& options) {
    http::ServerTimes times;
    times.head = options.header_time;
    times.body = options.body_time;
    times.idle = options.idle_time;
    times.write = options.client_time;
    return times;
}

}  // namespace

class GatewayWorker::Descriptor final : public http::Reactor::Handler {
  public:
    explicit Descriptor(std::function<void()> callback) : callback_(std::move(callback)) {}
    void on_events(std::uint32_t) override { callback_(); }

  private:
    std::function<void()> callback_;
};

GatewayWorker::GatewayWorker(GatewayOptions options, Controller& controller, SegmentLog& log)
    : options_(std::move(options)),
      times_(times_of(options_)),
      controller_(controller),
      log_(log),
      pool_(reactor_, options_.limits, options_.connect_time),
      listener_(http::listen_on(http::resolve(options_.address, options_.port))),
      commit_event_(make_event()),
      stop_event_(make_event()),
      on_listener_(std::make_unique<Descriptor>([this] { accept_clients(); })),
      on_commit_event_(std::make_unique<Descriptor>([this] { on_commit(); })),
      on_stop_event_(std::make_unique<Descriptor>([this] { on_stop_asked(); })),
      tick_timer_(reactor_, [this] { tick(); }),
      drain_timer_(reactor_, [this] { reactor_.stop(); }),
      started_(core::now().time_since_epoch().count() / 1000),
      id_prefix_(random_prefix()) {
    reactor_.watch(listener_.get(), EPOLLIN, on_listener_.get());
    reactor_.watch(commit_event_.get(), EPOLLIN, on_commit_event_.get());
    reactor_.watch(stop_event_.get(), EPOLLIN, on_stop_event_.get());
    log_.notify(commit_event_.get());
    tick_timer_.set(tick_time);
}

GatewayWorker::~GatewayWorker() {
    log_.stop_notifying(commit_event_.get());
}

std::uint16_t GatewayWorker::port() const {
    return http::local_port(listener_.get());
}

void GatewayWorker::run() {
    reactor_.run();
}

void GatewayWorker::stop() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(stop_event_.get(), &one, sizeof one);
}

void GatewayWorker::on_stop_asked() {
    clear_event(stop_event_.get());
    if (std::exchange(draining_, true)) return;
    if (listening_) reactor_.unwatch(listener_.get(), on_listener_.get());
    listening_ = false;
    std::vector<http::ServerConnection*> clients;
    for (const auto& [client, owned] : clients_) clients.push_back(client);
    for (auto* client : clients) client->finish_up();
    if (clients_.empty()) return reactor_.stop();
    drain_timer_.set(options_.drain_time);
}

void GatewayWorker::tick() {
    tick_timer_.set(tick_time);
    // Accepting stopped for want of descriptors: some may be free by now.
    if (!listening_ && !draining_) {
        reactor_.watch(listener_.get(), EPOLLIN, on_listener_.get());
        listening_ = true;
    }
    try {
        controller_.tick();
    } catch (const std::exception& failure) {
        core::say(fmt::format("gateway: the controller failed: {}", failure.what()));
    }
}

void GatewayWorker::accept_clients() {
    for (int burst = 0; burst < 64; ++burst) {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        core::FileDescriptor client(
            ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!client) {
            if (errno != EMFILE && errno != ENFILE && errno != ENOMEM) return;
            reactor_.unwatch(listener_.get(), on_listener_.get());
            listening_ = false;
            return;
        }
        if (clients_.size() < options_.connections)
            add_client(std::move(client), (ntohl(peer.sin_addr.s_addr) >> 24) == 127);
    }
}

void GatewayWorker::add_client(core::FileDescriptor descriptor, bool loopback) {
    auto client = std::make_unique<http::ServerConnection>(reactor_, std::move(descriptor), loopback, *this,
                                                           options_.limits, times_);
    auto* raw = client.get();
    clients_.emplace(raw, std::move(client));
    metrics_.connections = clients_.size();
}

void GatewayWorker::on_closed(http::ServerConnection& client) {
    const auto found = clients_.find(&client);
    reactor_.dispose(std::move(found->second));
    clients_.erase(found);
    metrics_.connections = clients_.size();
    if (draining_ && clients_.empty()) reactor_.stop();
}

void GatewayWorker::on_request(http::ServerConnection& client) {
    std::string failure;
    try {
        return route(client);
    } catch (const std::exception& thrown) {
        failure = thrown.what();
    }
    core::say(fmt::format("gateway: a request failed: {}", failure));
    if (client.begun()) return client.cut();
    send_error(client, 500, "the gateway failed");
}

void GatewayWorker::on_abort(http::ServerConnection& client) {
    held_.erase(&client);
    if (client.context != nullptr) static_cast<Relay*>(client.context)->on_client_gone();
}

void GatewayWorker::on_progress(http::ServerConnection& client) {
    if (client.context != nullptr) static_cast<Relay*>(client.context)->on_client_progress();
}

std::string GatewayWorker::refusal_body(const http::Refusal& refusal) {
    ++metrics_.replies[{"refused", refusal.status}];
    return error_body(refusal.status, refusal.reason);
}

std::uint64_t GatewayWorker::concluded(Relay& relay, const Admit& admit, const Finish& finish, bool logged) {
    ++metrics_.replies[{admit.path, finish.status}];
    metrics_.duration.add(finish.duration_ms / 1000);
    if (finish.ttft_ms >= 0) metrics_.first_token.add(finish.ttft_ms / 1000);
    std::uint64_t sequence = 0;
    if (logged) {
        sequence = log_.append(finish).sequence;
        controller_.finished(admit, finish);
    } else {
        ++metrics_.unlogged;
    }
    const auto found = relays_.find(&relay);
    reactor_.dispose(std::move(found->second));
    relays_.erase(found);
    metrics_.open_requests = relays_.size();
    return sequence;
}

void GatewayWorker::hold(http::ServerConnection& client, std::uint64_t sequence, std::string last_bytes) {
    held_[&client] = {sequence, std::move(last_bytes)};
    // The writer may have been faster than we were.
    if (log_.committed() >= sequence || log_.failing()) on_commit();
}

void GatewayWorker::on_commit() {
    clear_event(commit_event_.get());
    const std::uint64_t committed = log_.committed();
    const bool failing = log_.failing();
    std::vector<std::pair<http::ServerConnection*, std::string>> released;
    std::vector<http::ServerConnection*> broken;
    for (auto entry = held_.begin(); entry != held_.end();) {
        const bool durable = entry->second.sequence <= committed;
        if (durable) released.emplace_back(entry->first, std::move(entry->second.last_bytes));
        if (!durable && failing) broken.push_back(entry->first);
        entry = durable || failing ? held_.erase(entry) : std::next(entry);
    }
    for (auto& [client, last_bytes] : released) {
        client->send_body(last_bytes);
        client->end();
    }
    for (auto* client : broken) client->close_now();
}

std::string GatewayWorker::next_request_id() {
    return fmt::format("{}{:08x}", id_prefix_, ++ids_);
}

}  // namespace scale::rollout
