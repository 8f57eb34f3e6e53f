#include "rollout/gateway/forwarding.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "rollout/arms/http_request.h"

namespace scale::rollout {

using http::same_name;

namespace {

constexpr std::array<std::string_view, 11> hop_by_hop = {
    "connection", "keep-alive", "proxy-connection",  "proxy-authenticate", "proxy-authorization", "te",
    "trailer",    "upgrade",    "transfer-encoding", "content-length",     "x-request-id",
};

bool is_any_of(std::string_view name, const auto& names) {
    return std::any_of(names.begin(), names.end(), [&](std::string_view known) { return same_name(name, known); });
}

bool is_our_own(std::string_view name) {
    return name.size() > 8 && same_name(name.substr(0, 8), "x-scale-");
}

// Also drops what the Connection field names.
class HopFilter {
  public:
    explicit HopFilter(const http::Head& head) {
        for (const auto& header : head.headers)
            if (same_name(header.name, "connection"))
                http::for_each_element(header.value, [&](std::string_view name) { named_.push_back(name); });
    }
    bool passes(std::string_view name) const {
        return !is_any_of(name, hop_by_hop) && !is_any_of(name, named_) && !is_our_own(name);
    }

  private:
    std::vector<std::string_view> named_;
};

}  // namespace

std::string upstream_head(const http::Head& request, const Upstream& upstream, std::size_t body_bytes,
                          std::string_view request_id, bool keeps_key) {
    static constexpr std::array<std::string_view, 4> replaced = {"host", "expect", "accept-encoding", "x-session-id"};
    std::string head = fmt::format("{} {}{} HTTP/1.1\r\nhost: {}\r\n", request.method, upstream.base_path,
                                   request.target, authority_of(upstream.host, upstream.port));
    const HopFilter filter(request);
    for (const auto& [name, value] : request.headers)
        if (filter.passes(name) && !is_any_of(name, replaced) && (keeps_key || !same_name(name, "authorization")))
            head += fmt::format("{}: {}\r\n", name, value);
    return head + fmt::format("accept-encoding: identity\r\nx-request-id: {}\r\ncontent-length: {}\r\n\r\n", request_id,
                              body_bytes);
}

std::string client_headers(const http::Head& response, std::string_view request_id) {
    const HopFilter filter(response);
    std::string headers;
    for (const auto& [name, value] : response.headers)
        if (filter.passes(name)) headers += fmt::format("{}: {}\r\n", name, value);
    return headers + fmt::format("x-request-id: {}\r\n", request_id);
}

std::string usable_request_id(const http::Head& request) {
    const std::string_view given = request.header("x-request-id");
    return given.size() <= 128 && http::is_token(given) ? std::string(given) : std::string();
}

std::string_view bearer_token(const http::Head& request) {
    std::string_view value = request.header("authorization");
    if (value.size() <= 7 || !same_name(value.substr(0, 7), "bearer ")) return {};
    value.remove_prefix(7);
    while (value.starts_with(' ')) value.remove_prefix(1);
    return value;
}

}  // namespace scale::rollout
