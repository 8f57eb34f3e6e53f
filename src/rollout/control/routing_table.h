// The controller's decisions as of one epoch, for the gateway's event loops.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "rollout/assignment/assigner.h"
#include "rollout/control/controller.h"
#include "rollout/replica/lease.h"

namespace scale::rollout {

class RoutingTable final : public Routing {
  public:
    struct Facts {
        std::uint64_t epoch = 0;
        std::string experiment;
        std::int64_t share_ppm = 0;  // 0 is the kill switch: it comes before any hashing
        bool experimenting = false;
        std::int64_t shadow_ppm = 0;
        std::shared_ptr<const Lease> lease;  // null: this gateway decides alone
        Upstream original;
        Upstream candidate;
    };
    RoutingTable(Facts facts, std::shared_ptr<const Assigner> assigner, std::string operator_token)
        : facts_(std::move(facts)), assigner_(std::move(assigner)), operator_token_(std::move(operator_token)) {}

    Assignment assign(const RequestIdentity& identity) const override;
    const Upstream& upstream(Arm arm) const override {
        return arm == Arm::candidate ? facts_.candidate : facts_.original;
    }
    // With the slice the copies end: a candidate that was rolled back has nothing more to show.
    std::int64_t shadow_ppm() const override {
        return facts_.experimenting && facts_.share_ppm > 0 ? facts_.shadow_ppm : 0;
    }

  private:
    const Facts facts_;
    const std::shared_ptr<const Assigner> assigner_;
    const std::string operator_token_;
};

// Where the newest Routing stands. One thread publishes; event loops look at the version, which costs one load, and
// take the pointer only where it has changed.
class PublishedRouting {
  public:
    void publish(std::shared_ptr<const Routing> routing) {
        const std::lock_guard lock(mutex_);
        routing_ = std::move(routing);
        version_.fetch_add(1, std::memory_order_release);
    }
    std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
    std::shared_ptr<const Routing> get() const {
        const std::lock_guard lock(mutex_);
        return routing_;
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Routing> routing_;
    std::atomic<std::uint64_t> version_{0};
};

}  // namespace scale::rollout
