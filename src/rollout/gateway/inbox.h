// Work that other threads leave for an event loop.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "core/file.h"

namespace scale::rollout {

class Inbox {
  public:
    using Job = std::function<void()>;

    Inbox();

    void post(Job job);  // from any thread
    // Readable while there are jobs.
    int descriptor() const { return event_.get(); }
    // Runs what has been left, on the caller's thread.
    void run_all();

  private:
    core::FileDescriptor event_;
    std::mutex mutex_;
    std::vector<Job> jobs_;
};

// An eventfd for a non-blocking reader.
core::FileDescriptor make_event();
void set_event(int descriptor) noexcept;  // from a signal handler too
void clear_event(int descriptor);

}  // namespace scale::rollout
