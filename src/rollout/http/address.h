// TCP sockets by address.
#pragma once

#include <cstdint>
#include <netinet/in.h>
#include <string>

#include "core/file.h"

namespace scale::rollout::http {

// A name is looked up by the system's resolver, which may block. Throws an io error where there is no IPv4 address.
sockaddr_in resolve(const std::string& host, std::uint16_t port);

// Throws an io error that names the address, and what to do where it is taken.
core::FileDescriptor listen_on(const sockaddr_in& address);
std::uint16_t local_port(int descriptor);

// Non-blocking; an empty descriptor where it failed at once.
core::FileDescriptor start_connecting(const sockaddr_in& address);

}  // namespace scale::rollout::http
