#include "rollout/http/reactor.h"

#include <algorithm>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

#include "core/error.h"

namespace scale::rollout::http {

Reactor::Reactor() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_ || !wake_) throw core::system_error("cannot make an event loop", errno);
    watch(wake_.get(), EPOLLIN, nullptr);
}

Reactor::~Reactor() = default;

void Reactor::watch(int descriptor, std::uint32_t events, Handler* handler) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = handler;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
        throw core::system_error("cannot watch a descriptor", errno);
}

void Reactor::change(int descriptor, std::uint32_t events, Handler* handler) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = handler;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Reactor::unwatch(int descriptor, Handler* handler) {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    for (int i = 0; i < event_count_; ++i)
        if (events_[static_cast<std::size_t>(i)].data.ptr == handler) events_[static_cast<std::size_t>(i)].events = 0;
}

void Reactor::dispose(std::unique_ptr<Disposable> object) {
    disposed_.push_back(std::move(object));
}

void Reactor::run() {
    while (!stopping_.load(std::memory_order_acquire)) {
        const int got = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()), wait_time());
        if (got < 0 && errno != EINTR) throw core::system_error("the event loop failed", errno);
        event_count_ = std::max(got, 0);
        now_ = Clock::now();
        for (int i = 0; i < event_count_; ++i) {
            const epoll_event& event = events_[static_cast<std::size_t>(i)];
            if (event.events != 0 && event.data.ptr != nullptr)
                static_cast<Handler*>(event.data.ptr)->on_events(event.events);
        }
        event_count_ = 0;
        fire_timers();
        // A destructor may dispose of more.
        while (!disposed_.empty()) std::exchange(disposed_, {}).clear();
    }
}

void Reactor::stop() noexcept {
    stopping_.store(true, std::memory_order_release);
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

int Reactor::wait_time() const {
    if (schedule_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(schedule_.begin()->first - Clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void Reactor::fire_timers() {
    while (!schedule_.empty() && schedule_.begin()->first <= now_) {
        Timer* timer = schedule_.begin()->second;
        schedule_.erase(schedule_.begin());
        timer->scheduled_ = false;
        timer->come_up();
    }
}

void Timer::set(Clock::duration delay) {
    active_ = true;
    deadline_ = reactor_.now() + delay;
    if (scheduled_ && entry_->first <= deadline_) return;
    unschedule();
    schedule(deadline_);
}

void Timer::schedule(Clock::time_point time) {
    entry_ = reactor_.schedule_.emplace(time, this);
    scheduled_ = true;
}

void Timer::unschedule() {
    if (!scheduled_) return;
    reactor_.schedule_.erase(entry_);
    scheduled_ = false;
}

void Timer::come_up() {
    if (!active_) return;
    if (deadline_ > reactor_.now()) return schedule(deadline_);
    active_ = false;
    callback_();
}

}  // namespace scale::rollout::http
