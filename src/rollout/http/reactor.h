// An event loop over epoll (level-triggered) with timers. One thread runs one reactor; nothing here is shared between
// reactors, so that there can be one for each core.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <sys/epoll.h>
#include <vector>

#include "core/file.h"

namespace scale::rollout::http {

using Clock = std::chrono::steady_clock;

class Timer;

class Reactor {
  public:
    // Something that must not be destroyed while one of its own calls may be under way.
    class Disposable {
      public:
        virtual ~Disposable() = default;
    };
    // Something that waits for a descriptor.
    class Handler : public Disposable {
      public:
        virtual void on_events(std::uint32_t events) = 0;
    };

    Reactor();
    ~Reactor();
    Reactor(const Reactor&) = delete;
    Reactor& operator=(const Reactor&) = delete;

    void watch(int descriptor, std::uint32_t events, Handler* handler);
    void change(int descriptor, std::uint32_t events, Handler* handler);
    // The handler gets no more events, those already fetched included.
    void unwatch(int descriptor, Handler* handler);

    // Destroys it once no event is being handled.
    void dispose(std::unique_ptr<Disposable> object);

    // Until stop(). Handlers must not throw.
    void run();
    // From any thread and from a signal handler.
    void stop() noexcept;

    // Time at the start of this round.
    Clock::time_point now() const { return now_; }

    // For reading from sockets, one read at a time.
    std::array<char, 64 << 10>& scratch() { return scratch_; }

  private:
    friend class Timer;
    using Schedule = std::multimap<Clock::time_point, Timer*>;

    int wait_time() const;
    void fire_timers();

    core::FileDescriptor epoll_;
    core::FileDescriptor wake_;
    std::atomic<bool> stopping_{false};
    Clock::time_point now_ = Clock::now();
    std::array<epoll_event, 256> events_{};
    int event_count_ = 0;
    Schedule schedule_;
    std::vector<std::unique_ptr<Disposable>> disposed_;
    std::array<char, 64 << 10> scratch_{};
};

// Calls back once after a time. Setting it again and again (for each request of a connection) costs next to nothing: a
// timer that comes up early is scheduled anew instead of being moved each time.
class Timer {
  public:
    Timer(Reactor& reactor, std::function<void()> callback) : reactor_(reactor), callback_(std::move(callback)) {}
    ~Timer() { unschedule(); }
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    void set(Clock::duration delay);
    void clear() { active_ = false; }

  private:
    friend class Reactor;
    void schedule(Clock::time_point time);
    void unschedule();
    void come_up();

    Reactor& reactor_;
    std::function<void()> callback_;
    bool active_ = false;
    Clock::time_point deadline_{};
    bool scheduled_ = false;
    Reactor::Schedule::iterator entry_{};
};

}  // namespace scale::rollout::http
