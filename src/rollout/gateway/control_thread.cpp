#include "rollout/gateway/control_thread.h"

#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "core/progress.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::milliseconds tick_time{100};
// Records that the controller has not seen yet. Beyond, the log's writer waits, its queue fills, and requests are
// refused: memory stays bounded and nothing is dropped.
constexpr std::size_t most_uncounted = 100'000;

}  // namespace

ControlThread::ControlThread(Controller& controller, SegmentLog& log, Job after_tick)
    : controller_(controller), log_(log), after_tick_(std::move(after_tick)) {
    log_.deliver_to([this](std::vector<Committed>& records) { take(records); });
    thread_ = std::thread([this] { run(); });
}

ControlThread::~ControlThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    work_changed_.notify_all();
    room_changed_.notify_all();
    log_.deliver_to(nullptr);
    thread_.join();
}

void ControlThread::post(Job job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    work_changed_.notify_one();
}

void ControlThread::after(std::uint64_t sequence, CountedJob job) {
    post([this, sequence, job = std::move(job)]() mutable {
        if (counted_ >= sequence || log_.failing()) return job(counted_ >= sequence);
        waiting_.emplace(sequence, std::move(job));
    });
}

void ControlThread::after_feedback(std::uint64_t sequence, FeedbackJob job) {
    after(sequence, [this, sequence, job = std::move(job)](bool counted) {
        const auto reply = replies_.extract(sequence);
        if (!counted) unwanted_.insert(sequence);
        job(reply.empty() ? std::nullopt : std::optional<FeedbackReply>(reply.mapped()));
    });
}

// On the log's writer thread.
void ControlThread::take(std::vector<Committed>& records) {
    std::unique_lock lock(mutex_);
    room_changed_.wait(lock, [this] { return stopping_ || committed_.size() < most_uncounted; });
    if (records.empty()) failure_seen_ = true;
    // Moved one by one: the buffers stay where they are and are used again.
    std::move(records.begin(), records.end(), std::back_inserter(committed_));
    lock.unlock();
    work_changed_.notify_one();
}

void ControlThread::run() {
    auto next_tick = std::chrono::steady_clock::now();
    std::vector<Committed> records;
    for (;;) {
        records.clear();
        std::vector<Job> jobs;
        {
            std::unique_lock lock(mutex_);
            work_changed_.wait_until(lock, next_tick, [this] {
                return stopping_ || failure_seen_ || !committed_.empty() || !jobs_.empty();
            });
            if (stopping_) return;
            failure_seen_ = false;
            records.swap(committed_);
            jobs.swap(jobs_);
        }
        room_changed_.notify_one();
        for (auto& entry : records) guarded([&] { count(entry); });
        for (const auto& job : jobs) guarded(job);
        run_due();
        const auto now = std::chrono::steady_clock::now();
        if (now < next_tick) continue;
        next_tick = now + tick_time;
        guarded([this] { controller_.tick(); });
        if (after_tick_) guarded(after_tick_);
    }
}

void ControlThread::count(Committed& entry) {
    counted_ = entry.sequence;
    if (auto* admit = std::get_if<Admit>(&entry.record)) {
        std::string id = admit->request_id;
        open_.insert_or_assign(std::move(id), std::move(*admit));
    } else if (const auto* finish = std::get_if<Finish>(&entry.record)) {
        const auto admitted = open_.extract(finish->request_id);
        if (!admitted.empty()) controller_.finished(admitted.mapped(), *finish);
    } else if (const auto* feedback = std::get_if<Feedback>(&entry.record)) {
        FeedbackReply reply = controller_.feedback(*feedback);
        if (unwanted_.erase(entry.sequence) == 0) replies_.emplace(entry.sequence, std::move(reply));
    }
}

void ControlThread::run_due() {
    const bool failing = log_.failing();
    while (!waiting_.empty() && (failing || waiting_.begin()->first <= counted_)) {
        const auto due = waiting_.extract(waiting_.begin());
        guarded([&] { due.mapped()(due.key() <= counted_); });
    }
}

template <typename Call>
void ControlThread::guarded(Call call) {
    try {
        call();
    } catch (const std::exception& failure) {
        core::say(fmt::format("gateway: the controller failed: {}", failure.what()));
    }
}

}  // namespace scale::rollout
