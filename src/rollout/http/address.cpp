#include "rollout/http/address.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::rollout::http {

namespace {

const sockaddr_in& ipv4(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& ipv6(const SocketAddress& address) {
    return reinterpret_cast<const sockaddr_in6&>(address.storage);
}
void set_port(SocketAddress& address, std::uint16_t port) {
    if (address.storage.ss_family == AF_INET6) {
        reinterpret_cast<sockaddr_in6&>(address.storage).sin6_port = htons(port);
    } else {
        reinterpret_cast<sockaddr_in&>(address.storage).sin_port = htons(port);
    }
}

std::vector<SocketAddress> look_up(const std::string& host, std::uint16_t port, int flags, int& failure) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    addrinfo* found = nullptr;
    failure = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (failure != 0) return {};
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    std::vector<SocketAddress> addresses;
    for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
        SocketAddress address;
        std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
        address.size = entry->ai_addrlen;
        set_port(address, port);
        addresses.push_back(address);
    }
    return addresses;
}

core::FileDescriptor bound(const SocketAddress& address, bool shared) {
    core::FileDescriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) throw core::system_error("cannot make a socket", errno);
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(socket.get(), address.get(), address.size) == 0) return socket;
    const core::Error failure = core::system_error("cannot listen on " + address.text(), errno);
    throw core::io_error(failure.found(), "a free address of this machine",
                         "stop the program that holds it, or choose another port");
}

}  // namespace

bool SocketAddress::is_loopback() const {
    if (storage.ss_family == AF_INET) return (ntohl(ipv4(*this).sin_addr.s_addr) >> 24) == 127;
    if (storage.ss_family != AF_INET6) return false;
    const in6_addr& address = ipv6(*this).sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

std::string SocketAddress::text() const {
    char host[INET6_ADDRSTRLEN] = {};
    if (storage.ss_family == AF_INET6) {
        ::inet_ntop(AF_INET6, &ipv6(*this).sin6_addr, host, sizeof host);
        return fmt::format("[{}]:{}", host, ntohs(ipv6(*this).sin6_port));
    }
    ::inet_ntop(AF_INET, &ipv4(*this).sin_addr, host, sizeof host);
    return fmt::format("{}:{}", host, ntohs(ipv4(*this).sin_port));
}

std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port) {
    int failure = 0;
    return look_up(host, port, AI_NUMERICHOST, failure);
}

std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port) {
    int failure = 0;
    auto addresses = look_up(host, port, 0, failure);
    if (addresses.empty())
        throw core::io_error(fmt::format("the host '{}' has no address: {}", host, ::gai_strerror(failure)));
    return addresses;
}

core::FileDescriptor listen_on(const SocketAddress& address, bool shared) {
    core::FileDescriptor listener = bound(address, shared);
    if (::listen(listener.get(), 4096) != 0) throw core::system_error("cannot listen on " + address.text(), errno);
    return listener;
}

// Sharing would let a second program of the same user take half of our connections unnoticed, so the address is first
// bound for ourselves alone, which fails where anybody listens on it.
std::vector<core::FileDescriptor> listen_together(const SocketAddress& address, std::size_t count) {
    SocketAddress chosen = address;
    bound(chosen, false);
    std::vector<core::FileDescriptor> listeners;
    while (listeners.size() < count) {
        listeners.push_back(listen_on(chosen, true));
        set_port(chosen, local_port(listeners.front().get()));
    }
    return listeners;
}

std::uint16_t local_port(int descriptor) {
    SocketAddress address;
    address.size = sizeof address.storage;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address.storage), &address.size);
    return ntohs(address.storage.ss_family == AF_INET6 ? ipv6(address).sin6_port : ipv4(address).sin_port);
}

core::FileDescriptor start_connecting(const SocketAddress& address) {
    core::FileDescriptor socket(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return {};
    if (::connect(socket.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) return {};
    return socket;
}

}  // namespace scale::rollout::http
