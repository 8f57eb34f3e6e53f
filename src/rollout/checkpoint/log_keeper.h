// Keeps the log of a running gateway short to read and, where it is asked to, short on the disk: a thread that writes a
// checkpoint every few closed segments and removes segments that are no longer needed.
//
// Checkpoints are made from the log alone, by the function that a restart uses, so a live gateway waits for none of
// it. The two newest that fit the log stay: what one covers is removed only once a second covers it too.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "core/json.h"
#include "rollout/checkpoint/checkpoint_file.h"
#include "rollout/evidence/evidence_book.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

struct LogKeeperOptions {
    std::filesystem::path log_folder;
    MonitorOptions monitor;
    EvidenceBook::Limits limits;
    std::string experiment;       // "" where there is none
    std::int64_t started_ms = 0;  // of the experiment, where there is one
    std::function<std::uint64_t()> epoch;
    std::uint64_t every = 4;  // closed segments for one checkpoint
    double keep_days = 0;     // 0: nothing is removed
    std::function<std::int64_t()> now_ms;
    std::function<std::int64_t()> read_before_ms;  // of stage A, see RetentionRule
    StepHook before_step;                          // for tests: of a write, and "removing" before each removal
};

class LogKeeper {
  public:
    // Starts the thread; the log must outlive it.
    LogKeeper(LogKeeperOptions options, const SegmentLog& log);
    // Without a thread, for tests and tools.
    explicit LogKeeper(LogKeeperOptions options);
    ~LogKeeper();  // a checkpoint that still reads the log is given up
    LogKeeper(const LogKeeper&) = delete;
    LogKeeper& operator=(const LogKeeper&) = delete;

    // A checkpoint of all segments up to `segment`, which is closed; then what may go goes.
    void checkpoint(std::uint64_t segment);
    void remove_old_segments();

    // {"checkpoint","checkpoint_bytes","checkpoint_ms","first_segment","removed","keep_days","held","problem"}
    core::Json status() const;

  private:
    void run(const SegmentLog& log);
    void guarded(const std::function<void()>& work);
    void look_at_folder();

    const LogKeeperOptions options_;

    mutable std::mutex mutex_;
    std::condition_variable stop_changed_;
    bool stopping_ = false;
    std::uint64_t newest_ = 0;  // checkpoint
    std::uint64_t newest_bytes_ = 0;
    std::int64_t newest_ms_ = 0;
    std::uint64_t first_segment_ = 0;
    std::uint64_t removed_ = 0;  // segments, since the start
    std::string held_;
    std::string problem_;

    std::thread thread_;
};

}  // namespace scale::rollout
