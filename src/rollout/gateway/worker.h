// One event loop of the gateway with everything that belongs to its thread: listener, clients, connections to servers,
// open relays. What loops share stands in fleet.h.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "rollout/gateway/gateway.h"
#include "rollout/gateway/gateway_metrics.h"
#include "rollout/gateway/inbox.h"
#include "rollout/gateway/relay.h"
#include "rollout/gateway/shadow_call.h"
#include "rollout/http/connection_pool.h"
#include "rollout/http/reactor.h"
#include "rollout/http/server_connection.h"

namespace scale::rollout {

class GatewayWorker final : public http::Service {
  public:
    GatewayWorker(Fleet& fleet, core::FileDescriptor listener);
    ~GatewayWorker() override;

    void run();  // until end_loop()

    // From any thread. stop(): no new clients, open requests may finish; from a signal handler too.
    void stop() noexcept;
    void end_loop() noexcept { reactor_.stop(); }
    void post(Inbox::Job job) { inbox_.post(std::move(job)); }

    // For relays.
    http::Reactor& reactor() { return reactor_; }
    http::ClientConnection* connect(const Upstream& upstream, bool fresh);
    GatewayMetrics& metrics() { return metrics_; }
    const GatewayOptions& options() const;
    bool strict() const { return strict_; }
    // As of now; valid until the next call.
    const Routing& routing();
    bool is_durable(std::uint64_t sequence) const;
    // Records the end of the relay and disposes of it; returns the record's sequence number, 0 where it is not logged.
    std::uint64_t concluded(Relay& relay, const RelayedRequest& request, Finish finish);

    // Logs what a copy showed and disposes of it.
    void shadow_ended(Shadow shadow);

    // Strict mode. The rest of a reply, sent once the record of that number is durable; 503 or a closed connection
    // where the disk refuses.
    struct Held {
        std::uint64_t sequence = 0;
        std::optional<ReplyHead> head;  // where nothing has been sent yet
        std::string last_bytes;
    };
    void hold(http::ServerConnection& client, Held held);
    // Relay::open_gate once the record is durable, Relay::on_log_failure where the disk refuses.
    void wait_at_gate(Relay& relay, std::uint64_t sequence) { gates_.emplace(sequence, &relay); }
    void leave_gate(Relay& relay, std::uint64_t sequence) { gates_.erase({sequence, &relay}); }

    void send_log_failure(http::ServerConnection& client);

    // For the live feed. The first event of a page's stream, by its ticket; then what all streams of this loop get.
    using Ticket = std::uint64_t;
    void begin_live(Ticket ticket, const std::string& event);
    void send_live(const std::string& event);
    // Metrics of all workers together, handed to `then` on this worker's thread.
    void gather(std::function<void(const GatewayMetrics&)> then);
    core::Json gateway_json(const GatewayMetrics& sum) const;
    core::Json log_json() const;

  private:
    class Descriptor;  // calls back when a descriptor is readable

    void on_request(http::ServerConnection& client) override;
    void on_abort(http::ServerConnection& client) override;
    void on_secured(http::ServerConnection&) override { --handshakes_; }
    void on_progress(http::ServerConnection& client) override;
    std::string refusal_body(const http::Refusal& refusal) override;
    void on_closed(http::ServerConnection& client) override;

    void accept_clients();
    void add_client(core::FileDescriptor descriptor, bool loopback);
    void on_commit();
    void on_stop_asked();
    void finished_draining();
    void look_after_listener();
    void look_after_certificate();
    void note_refused_certificate(std::string_view reason);

    // Endpoints, see endpoints.cpp, completions.cpp, feedback_endpoint.cpp, handoff_endpoints.cpp, live_endpoints.cpp.
    void route(http::ServerConnection& client);
    void start_completion(http::ServerConnection& client);
    void begin_relay(http::ServerConnection& client, RelayedRequest request);
    ShadowCall* copy_for_candidate(http::ServerConnection& client, const RelayedRequest& request);
    void drop_shadows();
    void answer_models(http::ServerConnection& client);
    void answer_ready(http::ServerConnection& client);
    void answer_metrics(http::ServerConnection& client);
    void answer_status(http::ServerConnection& client);
    void answer_health(http::ServerConnection& client);
    void answer_action(http::ServerConnection& client, std::string_view action);
    using Action = ActionReply (Controller::*)(const std::string&, const std::string&);
    void take_action(http::ServerConnection& client, Action act, bool stops);
    void take_feedback(http::ServerConnection& client);
    void answer_feedback(Ticket ticket, const std::string& id, const std::optional<FeedbackReply>& reply);
    void send(http::ServerConnection& client, int status, std::string_view body, std::string_view headers = {});
    void send_error(http::ServerConnection& client, int status, std::string_view message, std::string_view param = {},
                    std::string_view code = {}, std::string_view headers = {});
    bool route_handoff(http::ServerConnection& client);
    void answer_verdict(http::ServerConnection& client, const std::string& webhook);
    void evaluate_flag(http::ServerConnection& client, std::string_view flag);
    bool admin_allowed(http::ServerConnection& client);
    bool operator_allowed(http::ServerConnection& client);
    void answer_live_page(http::ServerConnection& client);
    void answer_events(http::ServerConnection& client);
    void forget_live(http::ServerConnection& client);
    void end_live();
    bool has_key(http::ServerConnection& client);
    std::string next_request_id();

    // For replies that another thread prepares: the client behind a ticket, null where it went away meanwhile.
    Ticket park(http::ServerConnection& client);
    http::ServerConnection* unpark(Ticket ticket);
    const GatewayMetrics& own_metrics();

    Fleet& fleet_;
    const http::ServerTimes times_;
    const bool strict_;
    GatewayMetrics metrics_;
    http::Reactor reactor_;
    http::ConnectionPool pool_;
    core::FileDescriptor listener_;
    core::FileDescriptor commit_event_;
    core::FileDescriptor stop_event_;
    Inbox inbox_;
    std::unique_ptr<Descriptor> on_listener_;
    std::unique_ptr<Descriptor> on_commit_event_;
    std::unique_ptr<Descriptor> on_stop_event_;
    std::unique_ptr<Descriptor> on_inbox_;
    http::Timer listener_timer_;
    http::Timer drain_timer_;
    http::Timer certificate_timer_;  // of the first worker
    std::uint64_t routing_version_ = 0;
    std::shared_ptr<const Routing> routing_;
    std::unordered_map<http::ServerConnection*, std::unique_ptr<http::ServerConnection>> clients_;
    std::unordered_map<Relay*, std::unique_ptr<Relay>> relays_;
    std::unordered_map<std::string, std::unique_ptr<ShadowCall>> shadows_;  // by request id
    std::map<http::ServerConnection*, Held> held_;
    std::set<std::pair<std::uint64_t, Relay*>> gates_;
    std::unordered_map<Ticket, http::ServerConnection*> parked_;
    struct LiveStream {
        http::ServerConnection* client = nullptr;
        bool begun = false;  // it has its first event
    };
    std::map<Ticket, LiveStream> live_;
    Ticket tickets_ = 0;
    std::int64_t started_ = 0;  // seconds since 1970
    std::string id_prefix_;
    std::uint64_t ids_ = 0;
    std::size_t handshakes_ = 0;  // under way
    bool draining_ = false;
    bool drained_ = false;
    bool listening_ = true;
    std::optional<std::chrono::steady_clock::time_point> refusal_said_;
};

}  // namespace scale::rollout
