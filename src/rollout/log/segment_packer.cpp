#include "rollout/log/segment_packer.h"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "core/progress.h"
#include "record/live_log/segment_scan.h"

namespace scale::rollout {

namespace {

// Of a packing that was killed.
void remove_leftovers(const std::filesystem::path& folder) {
    std::error_code failure;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failure))
        if (entry.path().filename().string().starts_with(".segment-")) std::filesystem::remove(entry.path(), failure);
}

}  // namespace

SegmentPacker::SegmentPacker(std::filesystem::path folder, std::uint64_t open_segment)
    : folder_(std::move(folder)), open_segment_(open_segment) {
    remove_leftovers(folder_);
    thread_ = std::thread([this] { run(); });
}

SegmentPacker::~SegmentPacker() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void SegmentPacker::open_segment_is(std::uint64_t number) {
    {
        const std::lock_guard lock(mutex_);
        open_segment_ = number;
    }
    changed_.notify_all();
}

void SegmentPacker::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [this] { return stopping_ || looked_below_ != open_segment_; });
        if (stopping_) return;
        const std::uint64_t below = looked_below_ = open_segment_;
        for (const auto& segment : record::segments_of(folder_)) {
            if (record::is_packed(segment) || record::segment_number(segment) >= below || stopping_) continue;
            lock.unlock();
            try {
                record::pack_segment(segment);
            } catch (const std::exception& failure) {
                core::say(fmt::format("{} stays unpacked: {}", segment.string(), failure.what()));
            }
            lock.lock();
        }
    }
}

}  // namespace scale::rollout
