#include "rollout/gateway/live_feed.h"

#include <memory>
#include <utility>

#include <fmt/format.h>

#include "core/clock.h"
#include "rollout/gateway/fleet.h"

namespace scale::rollout {

using Clock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds longest_silence{10};

std::string event_text(std::string_view name, const std::string& data) {
    return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

std::string with_time(core::Json now) {
    now["now_ms"] = core::now().time_since_epoch().count();
    return core::canonical(now);
}

}  // namespace

bool LiveFeed::enter() {
    if (readers_.fetch_add(1) < most_readers) return true;
    leave();
    return false;
}

void LiveFeed::begin(GatewayWorker& worker, std::uint64_t ticket) {
    fleet_.control.post([this, &worker, ticket] {
        compose(true, [&worker, ticket](core::Json now) {
            worker.post([&worker, ticket, event = event_text("snapshot", with_time(std::move(now)))] {
                worker.begin_live(ticket, event);
            });
        });
    });
}

void LiveFeed::pulse() {
    const auto now = Clock::now();
    if (readers_.load() == 0 || under_way_ || now < next_) return;
    next_ = now + fleet_.options.live_time;
    under_way_ = true;
    compose(false, [this](const core::Json& shown) {
        under_way_ = false;
        publish(shown);
    });
}

// The loops' figures are gathered first; the rest is done here, on the control thread.
void LiveFeed::compose(bool whole, std::function<void(core::Json)> then) {
    GatewayWorker* worker = fleet_.workers.front().get();
    worker->post([this, worker, whole, then = std::move(then)] {
        worker->gather([this, worker, whole, then](const GatewayMetrics& sum) {
            fleet_.control.post([this, worker, whole, then, sum] {
                core::Json now = fleet_.controller.live(whole);
                now["gateway"] = worker->gateway_json(sum);
                now["log"] = worker->log_json();
                then(std::move(now));
            });
        });
    });
}

void LiveFeed::publish(const core::Json& shown) {
    const auto now = Clock::now();
    std::string text = core::canonical(shown);
    if (text != last_) {
        last_ = std::move(text);
        last_sent_ = now;
        deliver(event_text("update", with_time(shown)));
    } else if (now - last_sent_ > longest_silence) {
        last_sent_ = now;
        deliver(": nothing new\n\n");
    }
}

void LiveFeed::deliver(const std::string& event) {
    const auto shared = std::make_shared<const std::string>(event);
    for (const auto& worker : fleet_.workers)
        worker->post([worker = worker.get(), shared] { worker->send_live(*shared); });
}

}  // namespace scale::rollout
