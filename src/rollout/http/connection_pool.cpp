#include "rollout/http/connection_pool.h"

#include <algorithm>

namespace scale::rollout::http {

namespace {

constexpr std::size_t most_free = 256;  // kept for one address

}  // namespace

ConnectionPool::~ConnectionPool() {
    for (auto& [connection, entry] : connections_) reactor_.dispose(std::move(entry.connection));
}

ClientConnection* ConnectionPool::acquire(const std::string& host, std::uint16_t port,
                                          const std::vector<SocketAddress>& addresses, bool fresh,
                                          const std::shared_ptr<const TlsContext>& tls) {
    const Address address(host, port, tls);
    auto& free = free_[address];
    if (fresh || free.empty()) return open_connection(address, addresses);
    ClientConnection* connection = free.back();
    free.pop_back();
    return connection;
}

ClientConnection* ConnectionPool::open_connection(const Address& address, std::vector<SocketAddress> addresses) {
    core::FileDescriptor descriptor;
    while (!addresses.empty() && !(descriptor = start_connecting(addresses.front())))
        addresses.erase(addresses.begin());
    if (!descriptor) return nullptr;
    ++opened_;
    const auto& [host, port, tls] = address;
    auto connection = std::make_unique<ClientConnection>(reactor_, std::move(descriptor), std::move(addresses), *this,
                                                         limits_, connect_time_, tls, tls ? host : std::string());
    ClientConnection* raw = connection.get();
    connections_.emplace(raw, Entry{std::move(connection), address});
    return raw;
}

void ConnectionPool::on_free(ClientConnection& connection) {
    auto& free = free_[connections_.at(&connection).address];
    free.push_back(&connection);
    if (free.size() > most_free) free.front()->cancel();
}

void ConnectionPool::on_gone(ClientConnection& connection) {
    const auto found = connections_.find(&connection);
    std::erase(free_[found->second.address], &connection);
    reactor_.dispose(std::move(found->second.connection));
    connections_.erase(found);
}

}  // namespace scale::rollout::http
