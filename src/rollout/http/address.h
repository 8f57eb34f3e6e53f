// TCP sockets by address, IPv4 and IPv6.
#pragma once

#include <cstdint>
#include <string>
#include <sys/socket.h>
#include <vector>

#include "core/file.h"

namespace scale::rollout::http {

struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    bool is_loopback() const;  // 127.0.0.0/8, ::1, and the former written as IPv6
    std::string text() const;  // "127.0.0.1:80", "[::1]:80"
};

// All addresses of the host in the resolver's order, at least one. Numbers take no time; a name is looked up by the
// system's resolver, which may block. Throws an io error where there is none.
std::vector<SocketAddress> resolve(const std::string& host, std::uint16_t port);
// Empty where the host is no number.
std::vector<SocketAddress> numeric_address(const std::string& host, std::uint16_t port);

// A listener of its own; `shared`: others of this user may listen on the address too, and the kernel deals connections
// out among them. Throws an io error that names the address, and what to do where it is taken.
core::FileDescriptor listen_on(const SocketAddress& address, bool shared = false);
// `count` listeners that share one address which nobody else holds.
std::vector<core::FileDescriptor> listen_together(const SocketAddress& address, std::size_t count);
std::uint16_t local_port(int descriptor);

// Non-blocking; an empty descriptor where it failed at once.
core::FileDescriptor start_connecting(const SocketAddress& address);

}  // namespace scale::rollout::http
