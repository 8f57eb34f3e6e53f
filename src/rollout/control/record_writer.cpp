#include "rollout/control/record_writer.h"

#include <chrono>
#include <exception>

#include "core/progress.h"

namespace scale::rollout {

RecordWriter::RecordWriter(const std::filesystem::path& pass_folder)
    : store_(pass_folder), writer_([this] { write_loop(); }) {}

RecordWriter::~RecordWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    writer_.join();
}

void RecordWriter::add(record::NewEntry entry) {
    {
        const std::lock_guard lock(mutex_);
        entries_.push_back(std::move(entry));
    }
    changed_.notify_all();
}

std::size_t RecordWriter::pending() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

std::string RecordWriter::problem() const {
    const std::lock_guard lock(mutex_);
    return problem_;
}

void RecordWriter::drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entries_.empty() || !problem_.empty(); });
}

void RecordWriter::write_loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || !entries_.empty(); });
        while (!entries_.empty()) {
            if (write_first(lock)) continue;
            if (stopping_) return;
            changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
        }
        if (stopping_) return;
    }
}

bool RecordWriter::write_first(std::unique_lock<std::mutex>& lock) {
    const record::NewEntry entry = entries_.front();
    std::string problem;
    lock.unlock();
    try {
        store_.append(entry);
    } catch (const std::exception& error) {
        problem = error.what();
    }
    lock.lock();
    if (!problem.empty() && problem != problem_) core::say("the record cannot be written: " + problem);
    problem_ = problem;
    if (problem.empty()) entries_.pop_front();
    changed_.notify_all();
    return problem.empty();
}

}  // namespace scale::rollout
