// The one thread that talks to the controller: it hands over what the log has made durable, in the log's order, ticks,
// and does what the event loops ask for.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rollout/control/controller.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

class ControlThread {
  public:
    using Job = std::function<void()>;
    // `counted`: the controller has seen all records up to the sequence number; false where the log fails before.
    using CountedJob = std::function<void(bool counted)>;

    // `after_tick` runs after every tick of the controller.
    ControlThread(Controller& controller, SegmentLog& log, Job after_tick = {});
    ~ControlThread();  // jobs that have not begun are dropped
    ControlThread(const ControlThread&) = delete;
    ControlThread& operator=(const ControlThread&) = delete;

    // From any thread; the job runs on the control thread.
    void post(Job job);
    void after(std::uint64_t sequence, CountedJob job);
    // What the controller said to the feedback of that number, once `job` is told whether it counted. Every feedback
    // that is appended needs one such call.
    using FeedbackJob = std::function<void(const std::optional<FeedbackReply>& reply)>;
    void after_feedback(std::uint64_t sequence, FeedbackJob job);

  private:
    void run();
    void take(std::vector<Committed>& records);
    void count(Committed& entry);
    void run_due();
    template <typename Call>
    void guarded(Call call);

    Controller& controller_;
    SegmentLog& log_;
    const Job after_tick_;

    std::mutex mutex_;
    std::condition_variable work_changed_;
    std::condition_variable room_changed_;
    std::vector<Committed> committed_;
    std::vector<Job> jobs_;
    bool failure_seen_ = false;
    bool stopping_ = false;

    // Of the thread alone.
    std::multimap<std::uint64_t, CountedJob> waiting_;
    std::uint64_t counted_ = 0;
    std::unordered_map<std::string, Admit> open_;  // without their end yet, by request id
    std::unordered_map<std::uint64_t, FeedbackReply> replies_;
    std::unordered_set<std::uint64_t> unwanted_;  // feedback that nobody waits for any more

    std::thread thread_;
};

}  // namespace scale::rollout
