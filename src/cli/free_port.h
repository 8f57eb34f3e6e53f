// Whether an address can be listened on.
#pragma once

#include <string>

namespace scale::cli {

// "" where "host:port" ("[::1]:8080" for IPv6) can be bound now; otherwise why not, naming the address.
std::string why_not_free(const std::string& address);

}  // namespace scale::cli
