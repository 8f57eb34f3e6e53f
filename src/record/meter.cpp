#include "record/meter.h"

#include <algorithm>
#include <utility>

#include "core/peak_memory.h"

namespace scale::record {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr auto shortest_pause = std::chrono::milliseconds(200);
constexpr int pause_per_look = 50;  // a look may take this part of the time

}  // namespace

std::uint64_t folder_bytes(const fs::path& folder) {
    std::uint64_t sum = 0;
    std::error_code failure;
    fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failure);
    for (; !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
        std::error_code gone;
        if (at->is_symlink(gone) || !at->is_regular_file(gone)) continue;
        const std::uint64_t bytes = at->file_size(gone);
        if (!gone) sum += bytes;
    }
    return sum;
}

Meter::Meter(fs::path folder)
    : folder_(std::move(folder)), start_(Clock::now()), size_before_(folder_bytes(folder_)), largest_(size_before_) {
    core::restart_peak_memory();
    thread_ = std::thread([this] { watch(); });
}

Meter::~Meter() {
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
    }
    end_.notify_all();
    thread_.join();
}

void Meter::look() const {
    const std::uint64_t bytes = folder_bytes(folder_);
    const std::lock_guard lock(mutex_);
    largest_ = std::max(largest_, bytes);
}

void Meter::watch() {
    for (;;) {
        const auto before = Clock::now();
        look();
        const Clock::duration took = Clock::now() - before;
        std::unique_lock lock(mutex_);
        if (end_.wait_for(lock, std::max<Clock::duration>(shortest_pause, pause_per_look * took),
                          [this] { return ended_; }))
            return;
    }
}

Usage Meter::so_far() const {
    look();
    const std::lock_guard lock(mutex_);
    return {std::chrono::duration<double>(Clock::now() - start_).count(), core::peak_memory(), largest_ - size_before_};
}

}  // namespace scale::record
