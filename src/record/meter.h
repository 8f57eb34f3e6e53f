// Measures what a step takes while it runs: time, memory, disk (payload/usage.h).
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <thread>

#include "record/payload/usage.h"

namespace scale::record {

class Meter {
  public:
    // Looks at the folder's size on a thread of its own, some times a second, less often where that takes long. What is
    // there and gone again between two looks is not seen.
    explicit Meter(std::filesystem::path folder);
    ~Meter();
    Meter(const Meter&) = delete;
    Meter& operator=(const Meter&) = delete;

    Usage so_far() const;

  private:
    void look() const;
    void watch();

    std::filesystem::path folder_;
    std::chrono::steady_clock::time_point start_;
    std::uint64_t size_before_ = 0;
    mutable std::mutex mutex_;
    mutable std::uint64_t largest_ = 0;
    bool ended_ = false;
    std::condition_variable end_;
    std::thread thread_;
};

// Bytes of the regular files below the folder; links are not followed, and what cannot be read counts nothing.
std::uint64_t folder_bytes(const std::filesystem::path& folder);

}  // namespace scale::record
