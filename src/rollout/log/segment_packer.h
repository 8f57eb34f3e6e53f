// Packs closed segments of a live log in the background, oldest first. What cannot be packed now stays as it is and is
// tried again with the next one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>

namespace scale::rollout {

class SegmentPacker {
  public:
    // Segments below `open_segment` are closed.
    SegmentPacker(std::filesystem::path folder, std::uint64_t open_segment);
    ~SegmentPacker();  // finishes the segment at hand
    SegmentPacker(const SegmentPacker&) = delete;
    SegmentPacker& operator=(const SegmentPacker&) = delete;

    void open_segment_is(std::uint64_t number);

  private:
    void run();

    const std::filesystem::path folder_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t open_segment_;
    std::uint64_t looked_below_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace scale::rollout
