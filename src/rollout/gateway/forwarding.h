// The heads that a proxy writes: hop-by-hop fields (RFC 9110 §7.6.1) end here, everything else passes through.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "rollout/control/controller.h"
#include "rollout/http/message.h"

namespace scale::rollout {

// The whole head of the request to a server. Accept-Encoding becomes "identity", so that answers can be read along;
// fields named x-scale-… and the session header stay here, and so does the client's key where it is one of ours.
std::string upstream_head(const http::Head& request, const Upstream& upstream, std::size_t body_bytes,
                          std::string_view request_id, bool keeps_key = true);

// Header lines of the answer to the client, without framing.
std::string client_headers(const http::Head& response, std::string_view request_id);

// The client's x-request-id where it is fit to be repeated, else "".
std::string usable_request_id(const http::Head& request);

// The token of an "Authorization: Bearer …" field, "" where there is none.
std::string_view bearer_token(const http::Head& request);

}  // namespace scale::rollout
