#include "rollout/gateway/worker.h"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <sys/random.h>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/clock.h"
#include "core/error.h"
#include "core/progress.h"
#include "rollout/gateway/error_body.h"
#include "rollout/gateway/fleet.h"
#include "rollout/http/address.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds listener_time{100};
constexpr std::chrono::milliseconds certificate_time{1000};
constexpr std::chrono::minutes refusal_time{1};  // between two lines about clients without a certificate

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

GatewayWorker::GatewayWorker(Fleet& fleet, core::FileDescriptor listener)
    : fleet_(fleet),
      times_(times_of(fleet.options)),
      strict_(fleet.options.durability == Durability::strict),
      pool_(reactor_, fleet.options.limits, fleet.options.connect_time),
      listener_(std::move(listener)),
      commit_event_(make_event()),
      stop_event_(make_event()),
      on_listener_(std::make_unique<Descriptor>([this] { accept_clients(); })),
      on_commit_event_(std::make_unique<Descriptor>([this] { on_commit(); })),
      on_stop_event_(std::make_unique<Descriptor>([this] { on_stop_asked(); })),
      on_inbox_(std::make_unique<Descriptor>([this] { inbox_.run_all(); })),
      listener_timer_(reactor_, [this] { look_after_listener(); }),
      drain_timer_(reactor_, [this] { finished_draining(); }),
      certificate_timer_(reactor_, [this] { look_after_certificate(); }),
      started_(core::now().time_since_epoch().count() / 1000),
      id_prefix_(random_prefix()) {
    reactor_.watch(listener_.get(), EPOLLIN, on_listener_.get());
    reactor_.watch(commit_event_.get(), EPOLLIN, on_commit_event_.get());
    reactor_.watch(stop_event_.get(), EPOLLIN, on_stop_event_.get());
    reactor_.watch(inbox_.descriptor(), EPOLLIN, on_inbox_.get());
    if (strict_) fleet_.log.notify(commit_event_.get());
}

GatewayWorker::~GatewayWorker() {
    fleet_.log.stop_notifying(commit_event_.get());
    drop_shadows();
}

const GatewayOptions& GatewayWorker::options() const {
    return fleet_.options;
}

void GatewayWorker::run() {
    try {
        if (fleet_.options.certificate && fleet_.workers.front().get() == this) look_after_certificate();
        reactor_.run();
    } catch (const std::exception& failure) {
        core::say(fmt::format("gateway: an event loop failed: {}", failure.what()));
        fleet_.stop();
        finished_draining();
    }
}

void GatewayWorker::stop() noexcept {
    set_event(stop_event_.get());
}

void GatewayWorker::on_stop_asked() {
    clear_event(stop_event_.get());
    if (std::exchange(draining_, true)) return;
    if (listening_) reactor_.unwatch(listener_.get(), on_listener_.get());
    listening_ = false;
    drop_shadows();
    std::vector<http::ServerConnection*> clients;
    for (const auto& [client, owned] : clients_) clients.push_back(client);
    for (auto* client : clients) client->finish_up();
    end_live();
    if (clients_.empty()) return finished_draining();
    drain_timer_.set(fleet_.options.drain_time);
}

// Goes on serving replies for the other workers (metrics) until all have finished.
void GatewayWorker::finished_draining() {
    if (!std::exchange(drained_, true)) fleet_.finished_draining();
}

const Routing& GatewayWorker::routing() {
    const std::uint64_t newest = fleet_.controller.routing_version();
    if (newest != routing_version_ || !routing_) {
        routing_version_ = newest;
        routing_ = fleet_.controller.routing();
    }
    return *routing_;
}

http::ClientConnection* GatewayWorker::connect(const Upstream& upstream, bool fresh) {
    const auto& [host, port, addresses, tls] = std::tie(upstream.host, upstream.port, upstream.addresses, upstream.tls);
    if (!addresses.empty()) return pool_.acquire(host, port, addresses, fresh, tls);
    return pool_.acquire(host, port, http::numeric_address(host, port), fresh, tls);
}

bool GatewayWorker::is_durable(std::uint64_t sequence) const {
    return fleet_.log.committed() >= sequence;
}

// Accepting stopped for want of descriptors: some may be free by now.
void GatewayWorker::look_after_listener() {
    if (listening_ || draining_) return;
    reactor_.watch(listener_.get(), EPOLLIN, on_listener_.get());
    listening_ = true;
}

// Reading files is nothing for an event loop.
void GatewayWorker::look_after_certificate() {
    fleet_.control.post([certificate = fleet_.options.certificate] { certificate->look(); });
    certificate_timer_.set(certificate_time);
}

void GatewayWorker::accept_clients() {
    for (int burst = 0; burst < 64; ++burst) {
        http::SocketAddress peer;
        peer.size = sizeof peer.storage;
        core::FileDescriptor client(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&peer.storage), &peer.size,
                                              SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!client) {
            if (errno != EMFILE && errno != ENFILE && errno != ENOMEM) return;
            reactor_.unwatch(listener_.get(), on_listener_.get());
            listening_ = false;
            listener_timer_.set(listener_time);
            return;
        }
        if (clients_.size() < fleet_.options.connections) add_client(std::move(client), peer.is_loopback());
    }
}

void GatewayWorker::add_client(core::FileDescriptor descriptor, bool loopback) {
    const auto tls = fleet_.options.certificate ? fleet_.options.certificate->current() : nullptr;
    if (tls && handshakes_ >= fleet_.options.handshakes) return;
    auto client = std::make_unique<http::ServerConnection>(reactor_, std::move(descriptor), loopback, *this,
                                                           fleet_.options.limits, times_, tls.get());
    auto* raw = client.get();
    clients_.emplace(raw, std::move(client));
    if (tls) ++handshakes_;
}

void GatewayWorker::on_closed(http::ServerConnection& client) {
    const auto found = clients_.find(&client);
    if (!client.is_ready()) {
        --handshakes_;
        ++metrics_.handshake_failures;
        if (client.peer_refused()) note_refused_certificate(client.tls_failure());
    }
    reactor_.dispose(std::move(found->second));
    clients_.erase(found);
    if (draining_ && clients_.empty()) finished_draining();
}

// Whoever tries without end must not fill the log.
void GatewayWorker::note_refused_certificate(std::string_view reason) {
    ++metrics_.certificates_refused;
    const auto now = std::chrono::steady_clock::now();
    if (refusal_said_ && now - *refusal_said_ < refusal_time) return;
    refusal_said_ = now;
    core::say(
        fmt::format("gateway: a client was turned away in the handshake: {}; client_ca names whose certificates "
                    "do (/metrics counts further ones)",
                    reason));
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
    if (!held_.empty()) held_.erase(&client);
    if (!live_.empty()) forget_live(client);
    if (!parked_.empty()) std::erase_if(parked_, [&](const auto& entry) { return entry.second == &client; });
    if (client.context != nullptr) static_cast<Relay*>(client.context)->on_client_gone();
}

void GatewayWorker::on_progress(http::ServerConnection& client) {
    if (client.context != nullptr) static_cast<Relay*>(client.context)->on_client_progress();
}

std::string GatewayWorker::refusal_body(const http::Refusal& refusal) {
    metrics_.count_reply("refused", refusal.status);
    return error_body(refusal.status, refusal.reason);
}

std::uint64_t GatewayWorker::concluded(Relay& relay, const RelayedRequest& request, Finish finish) {
    metrics_.count_reply(request.path, finish.status);
    metrics_.duration.add(finish.duration_ms / 1000);
    if (finish.ttft_ms >= 0) metrics_.first_token.add(finish.ttft_ms / 1000);
    if (!shadows_.empty())
        if (const auto copy = shadows_.find(request.request_id); copy != shadows_.end())
            copy->second->original_ended(finish);
    std::uint64_t sequence = 0;
    if (request.sequence != 0) {
        sequence = fleet_.log.append(std::move(finish)).sequence;
    } else {
        ++metrics_.unlogged;
    }
    const auto found = relays_.find(&relay);
    reactor_.dispose(std::move(found->second));
    relays_.erase(found);
    return sequence;
}

void GatewayWorker::hold(http::ServerConnection& client, Held held) {
    const std::uint64_t sequence = held.sequence;
    held_.insert_or_assign(&client, std::move(held));
    // The writer may have been faster than we were.
    if (is_durable(sequence) || fleet_.log.failing()) on_commit();
}

void GatewayWorker::on_commit() {
    clear_event(commit_event_.get());
    const bool failing = fleet_.log.failing();
    const std::uint64_t committed = fleet_.log.committed();
    while (!gates_.empty() && (failing || gates_.begin()->first <= committed)) {
        const auto [sequence, relay] = gates_.extract(gates_.begin()).value();
        sequence <= committed ? relay->open_gate() : relay->on_log_failure();
    }
    std::vector<std::pair<http::ServerConnection*, Held>> due;
    for (auto entry = held_.begin(); entry != held_.end();) {
        const bool is_due = failing || entry->second.sequence <= committed;
        if (is_due) due.emplace_back(entry->first, std::move(entry->second));
        entry = is_due ? held_.erase(entry) : std::next(entry);
    }
    for (auto& [client, held] : due) {
        if (held.sequence <= committed) {
            if (held.head) client->begin(held.head->status, held.head->headers, held.head->length);
            client->send_body(held.last_bytes);
            client->end();
        } else if (held.head) {
            send_log_failure(*client);
        } else {
            client->close_now();
        }
    }
}

void GatewayWorker::send_log_failure(http::ServerConnection& client) {
    send_error(client, 503, "the gateway cannot record requests now", "", "log_unavailable", "retry-after: 1\r\n");
}

std::string GatewayWorker::next_request_id() {
    return fmt::format("{}{:08x}", id_prefix_, ++ids_);
}

GatewayWorker::Ticket GatewayWorker::park(http::ServerConnection& client) {
    parked_.emplace(++tickets_, &client);
    return tickets_;
}

http::ServerConnection* GatewayWorker::unpark(Ticket ticket) {
    const auto found = parked_.extract(ticket);
    return found.empty() ? nullptr : found.mapped();
}

const GatewayMetrics& GatewayWorker::own_metrics() {
    metrics_.open_requests = relays_.size();
    metrics_.connections = clients_.size();
    metrics_.upstream_connections = pool_.opened();
    return metrics_;
}

void GatewayWorker::gather(std::function<void(const GatewayMetrics&)> then) {
    struct Gathering {
        std::function<void(const GatewayMetrics&)> then;
        GatewayMetrics sum;
        std::size_t missing = 0;
    };
    auto gathering = std::make_shared<Gathering>();
    gathering->then = std::move(then);
    gathering->missing = fleet_.workers.size();
    for (const auto& worker : fleet_.workers)
        worker->post([this, gathering, worker = worker.get()] {
            post([gathering, part = worker->own_metrics()] {
                gathering->sum.add(part);
                if (--gathering->missing == 0) gathering->then(gathering->sum);
            });
        });
}

}  // namespace scale::rollout
