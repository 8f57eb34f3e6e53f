// Keeps the open live pages up to date: a few server-sent events a second for a bounded number of readers.
//
// The control thread makes each event once, whatever the number of readers; the event loops only pass its bytes on. A
// reader that falls behind is dropped: the page connects again by itself and begins with a whole snapshot. Nothing
// happens while nobody looks.
//
//   event: snapshot   first on every stream: Controller::live with the whole history, the gateway's and the log's
//   figures event: update     the same with the history's newest point, when something has changed : …               a
//   comment where nothing has changed for a while
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "core/json.h"

namespace scale::rollout {

struct Fleet;
class GatewayWorker;
struct GatewayMetrics;

class LiveFeed {
  public:
    static constexpr int most_readers = 16;
    // Bytes that a reader may have outstanding when the next event comes.
    static constexpr std::size_t most_unsent = 256 << 10;

    explicit LiveFeed(Fleet& fleet) : fleet_(fleet) {}

    // From any thread: a place for one more reader, to be given back by leave(); false where there is none.
    bool enter();
    void leave() { readers_.fetch_sub(1); }
    // From the reader's event loop: asks for its first event, which GatewayWorker::begin_live gets.
    void begin(GatewayWorker& worker, std::uint64_t ticket);

    // On the control thread, often.
    void pulse();

  private:
    void compose(bool whole, std::function<void(core::Json)> then);
    void publish(const core::Json& now);
    void deliver(const std::string& event);

    Fleet& fleet_;
    std::atomic<int> readers_{0};

    // Of the control thread.
    std::chrono::steady_clock::time_point next_{};
    std::chrono::steady_clock::time_point last_sent_{};
    bool under_way_ = false;
    std::string last_;
};

}  // namespace scale::rollout
