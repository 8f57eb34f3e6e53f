#include "rollout/gateway/host_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "rollout/http/address.h"

namespace scale::rollout {

using http::same_name;

namespace {

std::string_view without_port(std::string_view host) {
    if (host.starts_with('[')) {
        const auto end = host.find(']');
        return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
    }
    return host.substr(0, host.find(':'));
}

}  // namespace

bool is_listed_host(std::string_view host, const std::vector<std::string>& names) {
    const std::string_view name = without_port(host);
    return std::any_of(names.begin(), names.end(), [&](const std::string& listed) { return same_name(name, listed); });
}

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
    const std::string_view name = without_port(host);
    if (same_name(name, "localhost") || is_listed_host(host, names)) return true;
    return !http::numeric_address(std::string(name), 0).empty();
}

std::string unknown_host_message(std::string_view host) {
    return fmt::format(
        "asked for as '{}', which is no name of this gateway: use its address, or list the name as live_hosts in "
        "[rollout]",
        host.substr(0, 100));
}

bool is_same_origin(const http::Head& head) {
    const std::string_view site = head.header("sec-fetch-site");
    if (!site.empty() && site != "same-origin" && site != "none") return false;
    std::string_view origin = head.header("origin");
    if (origin.empty()) return true;
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin.starts_with(scheme)) return same_name(origin.substr(scheme.size()), head.header("host"));
    return false;
}

bool is_json(const http::Head& head) {
    std::string_view type = head.header("content-type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ')) type.remove_suffix(1);
    return same_name(type, "application/json");
}

}  // namespace scale::rollout
