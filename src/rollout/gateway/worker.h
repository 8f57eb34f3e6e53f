// One event loop of the gateway with everything that belongs to its thread: listener, clients, connections to servers,
// open relays. Nothing here is global; what loops would share is the controller and the log.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "rollout/gateway/gateway.h"
#include "rollout/gateway/gateway_metrics.h"
#include "rollout/gateway/relay.h"
#include "rollout/http/connection_pool.h"
#include "rollout/http/reactor.h"
#include "rollout/http/server_connection.h"

namespace scale::rollout {

class GatewayWorker final : public http::Service {
  public:
    GatewayWorker(GatewayOptions options, Controller& controller, SegmentLog& log);
    ~GatewayWorker() override;

    std::uint16_t port() const;
    void run();
    void stop() noexcept;

    // For relays.
    http::Reactor& reactor() { return reactor_; }
    http::ConnectionPool& pool() { return pool_; }
    Controller& controller() { return controller_; }
    GatewayMetrics& metrics() { return metrics_; }
    const GatewayOptions& options() const { return options_; }
    // Records the end of the relay and disposes of it; returns the record's sequence number.
    std::uint64_t concluded(Relay& relay, const Admit& admit, const Finish& finish, bool logged);
    // Ends the client's reply with `last_bytes` once the record of that number is durable.
    void hold(http::ServerConnection& client, std::uint64_t sequence, std::string last_bytes);

  private:
    class Descriptor;  // calls back when a descriptor is readable
    struct Held {
        std::uint64_t sequence = 0;
        std::string last_bytes;
    };

    void on_request(http::ServerConnection& client) override;
    void on_abort(http::ServerConnection& client) override;
    void on_progress(http::ServerConnection& client) override;
    std::string refusal_body(const http::Refusal& refusal) override;
    void on_closed(http::ServerConnection& client) override;

    void accept_clients();
    void add_client(core::FileDescriptor descriptor, bool loopback);
    void on_commit();
    void on_stop_asked();
    void tick();

    // Endpoints, see endpoints.cpp and completions.cpp.
    void route(http::ServerConnection& client);
    void start_completion(http::ServerConnection& client);
    void begin_relay(http::ServerConnection& client, Admit admit, bool logged);
    void answer_models(http::ServerConnection& client);
    void answer_ready(http::ServerConnection& client);
    void answer_metrics(http::ServerConnection& client);
    void answer_status(http::ServerConnection& client);
    void answer_health(http::ServerConnection& client);
    void answer_action(http::ServerConnection& client, std::string_view action);
    void take_feedback(http::ServerConnection& client);
    void send(http::ServerConnection& client, int status, std::string_view body, std::string_view headers = {});
    void send_error(http::ServerConnection& client, int status, std::string_view message, std::string_view param = {},
                    std::string_view code = {}, std::string_view headers = {});
    bool admin_allowed(http::ServerConnection& client);
    std::string next_request_id();

    const GatewayOptions options_;
    const http::ServerTimes times_;
    Controller& controller_;
    SegmentLog& log_;
    GatewayMetrics metrics_;
    http::Reactor reactor_;
    http::ConnectionPool pool_;
    core::FileDescriptor listener_;
    core::FileDescriptor commit_event_;
    core::FileDescriptor stop_event_;
    std::unique_ptr<Descriptor> on_listener_;
    std::unique_ptr<Descriptor> on_commit_event_;
    std::unique_ptr<Descriptor> on_stop_event_;
    http::Timer tick_timer_;
    http::Timer drain_timer_;
    std::unordered_map<http::ServerConnection*, std::unique_ptr<http::ServerConnection>> clients_;
    std::unordered_map<Relay*, std::unique_ptr<Relay>> relays_;
    std::map<http::ServerConnection*, Held> held_;
    std::int64_t started_ = 0;  // seconds since 1970
    std::string id_prefix_;
    std::uint64_t ids_ = 0;
    bool draining_ = false;
    bool listening_ = true;
};

}  // namespace scale::rollout
