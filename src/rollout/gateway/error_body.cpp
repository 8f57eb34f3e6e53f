#include "rollout/gateway/error_body.h"

#include "core/json.h"

namespace scale::rollout {

namespace {

const char* type_of(int status) {
    if (status == 401) return "authentication_error";
    if (status == 403) return "permission_error";
    if (status == 429) return "rate_limit_error";
    return status < 500 ? "invalid_request_error" : "server_error";
}

core::Json text_or_null(std::string_view text) {
    return text.empty() ? core::Json() : core::Json(std::string(text));
}

}  // namespace

std::string error_body(int status, std::string_view message, std::string_view param, std::string_view code) {
    const core::Json error = {{"message", std::string(message)},
                              {"type", type_of(status)},
                              {"param", text_or_null(param)},
                              {"code", text_or_null(code)}};
    return core::canonical({{"error", error}});
}

}  // namespace scale::rollout
