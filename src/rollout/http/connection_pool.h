// Connections to servers, kept open between requests. One pool belongs to one reactor.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rollout/http/client_connection.h"

namespace scale::rollout::http {

class ConnectionPool final : public ClientConnection::Owner {
  public:
    ConnectionPool(Reactor& reactor, const Limits& limits, std::chrono::milliseconds connect_time)
        : reactor_(reactor), limits_(limits), connect_time_(connect_time) {}
    ~ConnectionPool() override;

    // A free connection to the host, or a new one to one of `addresses`; `fresh` asks for a new one. Null where none
    // can be made at once (no address, refused). The pool stays the owner. `tls`: null for a plain connection.
    ClientConnection* acquire(const std::string& host, std::uint16_t port, const std::vector<SocketAddress>& addresses,
                              bool fresh, const std::shared_ptr<const TlsContext>& tls = nullptr);

    std::uint64_t opened() const { return opened_; }
    std::size_t open() const { return connections_.size(); }

  private:
    using Address = std::tuple<std::string, std::uint16_t, std::shared_ptr<const TlsContext>>;
    struct Entry {
        std::unique_ptr<ClientConnection> connection;
        Address address;
    };

    void on_free(ClientConnection& connection) override;
    void on_gone(ClientConnection& connection) override;
    ClientConnection* open_connection(const Address& address, std::vector<SocketAddress> addresses);

    Reactor& reactor_;
    const Limits limits_;
    std::chrono::milliseconds connect_time_;
    std::map<ClientConnection*, Entry> connections_;
    std::map<Address, std::vector<ClientConnection*>> free_;  // the last one freed is taken first
    std::uint64_t opened_ = 0;
};

}  // namespace scale::rollout::http
