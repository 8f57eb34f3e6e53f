// Whether this gateway may send anybody to the candidate: only for a bounded time after it last spoke with the
// database. Asked for every request, so that no thread that hangs can prolong it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace scale::rollout {

class Lease {
  public:
    using Clock = std::chrono::steady_clock;

    bool valid() const { return Clock::now().time_since_epoch().count() < end_.load(std::memory_order_acquire); }
    void extend_to(Clock::time_point end) { end_.store(end.time_since_epoch().count(), std::memory_order_release); }
    void close() { end_.store(0, std::memory_order_release); }

  private:
    std::atomic<Clock::rep> end_{0};
};

}  // namespace scale::rollout
