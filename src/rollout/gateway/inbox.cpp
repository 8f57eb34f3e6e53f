#include "rollout/gateway/inbox.h"

#include <cerrno>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "core/error.h"

namespace scale::rollout {

core::FileDescriptor make_event() {
    core::FileDescriptor event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!event) throw core::system_error("cannot make an event descriptor", errno);
    return event;
}

void set_event(int descriptor) noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(descriptor, &one, sizeof one);
}

void clear_event(int descriptor) {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(descriptor, &count, sizeof count);
}

Inbox::Inbox() : event_(make_event()) {}

void Inbox::post(Job job) {
    {
        const std::lock_guard lock(mutex_);
        jobs_.push_back(std::move(job));
    }
    set_event(event_.get());
}

void Inbox::run_all() {
    clear_event(event_.get());
    std::vector<Job> jobs;
    {
        const std::lock_guard lock(mutex_);
        jobs.swap(jobs_);
    }
    for (const auto& job : jobs) job();
}

}  // namespace scale::rollout
