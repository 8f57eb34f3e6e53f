// The live page and its stream of events. The page itself holds nothing and is given to whoever may come here; it asks
// for the operator's key, and everything else needs that key in a header that no other page's request can carry.
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "rollout/gateway/fleet.h"
#include "rollout/gateway/forwarding.h"
#include "rollout/gateway/host_check.h"
#include "rollout/gateway/live_page.h"

namespace scale::rollout {

namespace {

constexpr std::string_view stream_headers =
    "content-type: text/event-stream\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"
    "x-accel-buffering: no\r\n";  // nginx in front must not hold events back

}  // namespace

void GatewayWorker::answer_live_page(http::ServerConnection& client) {
    const bool named = is_listed_host(client.head().header("host"), fleet_.options.live_hosts);
    if (!named && !admin_allowed(client)) return;
    send(client, 200, live_page(), live_page_headers());
}

// For what an operator does: from this machine or by a listed name, with the key, and not from another site's page.
bool GatewayWorker::operator_allowed(http::ServerConnection& client) {
    const http::Head& head = client.head();
    if (!is_listed_host(head.header("host"), fleet_.options.live_hosts) && !admin_allowed(client)) return false;
    if (!is_same_origin(head)) {
        send_error(client, 403,
                   fmt::format("the request comes from a page of another site: Origin '{}', Host '{}'",
                               head.header("origin").substr(0, 100), head.header("host").substr(0, 100)),
                   "", "cross_origin");
        return false;
    }
    if (fleet_.controller.authorised(bearer_token(head))) return true;
    send_error(client, 401, "the token is missing or wrong", "", "invalid_token", "www-authenticate: Bearer\r\n");
    return false;
}

void GatewayWorker::answer_events(http::ServerConnection& client) {
    if (!operator_allowed(client)) return;
    if (client.head().method == "HEAD") return send(client, 200, "", stream_headers);
    if (draining_ || !fleet_.live.enter())
        return send_error(client, 503, "too many live pages are open", "", "overloaded", "retry-after: 10\r\n");
    const Ticket ticket = ++tickets_;
    live_.emplace(ticket, LiveStream{&client, false});
    client.begin(200, stream_headers, -1);
    client.flush_reply();
    fleet_.live.begin(*this, ticket);
}

void GatewayWorker::begin_live(Ticket ticket, const std::string& event) {
    const auto found = live_.find(ticket);
    if (found == live_.end()) return;
    found->second.begun = true;
    found->second.client->send_body(event);
    found->second.client->flush_reply();
}

void GatewayWorker::send_live(const std::string& event) {
    std::vector<http::ServerConnection*> behind;
    for (const auto& [ticket, stream] : live_) {
        if (!stream.begun) continue;
        if (stream.client->unsent() > LiveFeed::most_unsent) {
            behind.push_back(stream.client);
            continue;
        }
        stream.client->send_body(event);
        stream.client->flush_reply();
    }
    for (auto* client : behind) client->close_now();
}

void GatewayWorker::forget_live(http::ServerConnection& client) {
    if (std::erase_if(live_, [&](const auto& entry) { return entry.second.client == &client; }) != 0)
        fleet_.live.leave();
}

// Open pages must not hold up the end.
void GatewayWorker::end_live() {
    const auto streams = std::exchange(live_, {});
    for (const auto& [ticket, stream] : streams) {
        fleet_.live.leave();
        stream.client->end();
    }
}

}  // namespace scale::rollout
