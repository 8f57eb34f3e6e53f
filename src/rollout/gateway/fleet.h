// What the workers of one gateway share. On the way of a request that is only the log's queue and the controller's
// routing, which is immutable.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "rollout/gateway/control_thread.h"
#include "rollout/gateway/gateway.h"
#include "rollout/gateway/live_feed.h"
#include "rollout/gateway/worker.h"

namespace scale::rollout {

struct Fleet {
    Fleet(GatewayOptions given, Controller& its_controller, SegmentLog& its_log)
        : options(std::move(given)),
          controller(its_controller),
          log(its_log),
          control(its_controller, its_log, [this] { live.pulse(); }) {}

    const GatewayOptions options;
    Controller& controller;
    SegmentLog& log;
    std::vector<std::unique_ptr<GatewayWorker>> workers;
    std::atomic<std::size_t> busy{0};     // workers with open requests, after stop()
    std::atomic<std::size_t> shadows{0};  // copies under way
    LiveFeed live{*this};
    ControlThread control;  // ends before the workers, which its jobs name

    void stop() noexcept {
        for (const auto& worker : workers) worker->stop();
    }
    // One worker has nothing left to do; the last one ends the loops of all.
    void finished_draining() {
        if (busy.fetch_sub(1) != 1) return;
        for (const auto& worker : workers) worker->end_loop();
    }
};

}  // namespace scale::rollout
