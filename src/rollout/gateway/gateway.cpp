#include "rollout/gateway/gateway.h"

#include <utility>

#include "rollout/gateway/worker.h"

namespace scale::rollout {

Gateway::Gateway(GatewayOptions options, Controller& controller, SegmentLog& log)
    : worker_(std::make_unique<GatewayWorker>(std::move(options), controller, log)) {}

Gateway::~Gateway() = default;

std::uint16_t Gateway::port() const {
    return worker_->port();
}
void Gateway::run() {
    worker_->run();
}
void Gateway::stop() noexcept {
    worker_->stop();
}

}  // namespace scale::rollout
