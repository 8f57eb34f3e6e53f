#include "rollout/gateway/gateway.h"

#include <algorithm>
#include <exception>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "core/progress.h"
#include "rollout/gateway/fleet.h"
#include "rollout/http/address.h"

namespace scale::rollout {

Gateway::Gateway(GatewayOptions options, Controller& controller, SegmentLog& log) {
    const std::size_t count =
        options.workers != 0 ? options.workers : std::max<std::size_t>(1, std::thread::hardware_concurrency());
    const auto address = http::resolve(options.address, options.port).front();
    auto listeners = http::listen_together(address, count);
    port_ = http::local_port(listeners.front().get());
    fleet_ = std::make_unique<Fleet>(std::move(options), controller, log);
    for (auto& listener : listeners)
        fleet_->workers.push_back(std::make_unique<GatewayWorker>(*fleet_, std::move(listener)));
    fleet_->busy = count;
}

Gateway::~Gateway() = default;

void Gateway::run() {
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < fleet_->workers.size(); ++i)
        threads.emplace_back([worker = fleet_->workers[i].get()] { worker->run(); });
    fleet_->workers.front()->run();
    for (auto& thread : threads) thread.join();
}

void Gateway::stop() noexcept {
    fleet_->stop();
}

void Gateway::reload() noexcept {
    if (fleet_->options.certificate) fleet_->options.certificate->ask_reload();
}

}  // namespace scale::rollout
