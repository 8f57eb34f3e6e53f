// What keeps other people's web pages away from the operator's endpoints, beside the key.
//
// A page in the operator's browser may send requests to any address. It cannot set our Authorization header across
// origins without a preflight that we never grant, and we know no cookies. What is left is DNS rebinding: a name of the
// attacker that resolves to this machine makes his page of our origin. So these endpoints answer only where they are
// asked for by number, as localhost, or by a name that scale.toml lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rollout/http/message.h"

namespace scale::rollout {

// `host`: value of the Host field, with or without a port.
bool is_own_host(std::string_view host, const std::vector<std::string>& names);
// One of the listed names, in any case.
bool is_listed_host(std::string_view host, const std::vector<std::string>& names);
std::string unknown_host_message(std::string_view host);

// False where a browser says that the request comes from a page of another origin (Origin, Sec-Fetch-Site). Other
// clients say nothing.
bool is_same_origin(const http::Head& head);

// The body is announced as application/json.
bool is_json(const http::Head& head);

}  // namespace scale::rollout
