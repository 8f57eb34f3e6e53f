// Requests of stage L to servers.
#pragma once

#include <string>

#include "client/model_server.h"
#include "core/json.h"

namespace scale::quality {

extern const client::ServerAdvice server_advice;

inline constexpr std::size_t usual_answer = std::size_t{16} << 20;  // bytes, at most

// The body of the answer. A server that is busy or restarting (429, 502, 503, 504, no connection) is asked again a few
// times, since asking twice changes nothing there; then, and for any other answer than 200, an io error with its words.
// Thread-safe.
std::string post(const client::ModelServer& server, const std::string& path, const core::Json& body,
                 std::size_t longest_answer = usual_answer);

}  // namespace scale::quality
