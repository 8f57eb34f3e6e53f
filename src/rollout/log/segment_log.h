// The durable log: a folder of segment files, each a sequence of lines
//
//   <CRC-32C of the JSON text, 8 lower-case hexadecimal digits> <space> <JSON text> <newline>
//
// Segments are named segment-0000000001.log and so on; a segment is never written to again once a later one exists, and
// is then packed (record/live_log/packed_segment.h).
// One writer thread appends and calls fdatasync for all records that have come in meanwhile (group commit). Records
// are bounded in memory: a full queue refuses new requests, and never drops what was accepted.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/file.h"
#include "rollout/log/records.h"
#include "rollout/log/segment_packer.h"

namespace scale::rollout {

struct LogOptions {
    std::filesystem::path folder;
    std::uint64_t segment_bytes = std::uint64_t{64} << 20;  // a segment is closed once it is this long
    std::uint64_t queue_bytes = std::uint64_t{64} << 20;    // of records not yet committed
    std::chrono::microseconds spacing{1000};  // between the starts of two commits; a lone record does not wait
    std::chrono::milliseconds retry{1000};    // after a write failed
};

// What was found, and mended, when an existing folder was opened.
struct LogRecovery {
    std::uint64_t records = 0;     // SegmentLog: in the last segment; for_each_record: in all
    std::uint64_t torn_bytes = 0;  // cut off the end of the last segment
    std::string torn_segment;      // its name, "" where nothing was torn
};

enum class AppendResult {
    accepted,
    full,    // the queue is at its limit: answer 503 with Retry-After
    failed,  // the disk refuses; see SegmentLog::failure
};

struct Appended {
    AppendResult result = AppendResult::failed;
    std::uint64_t sequence = 0;  // the record is durable once committed() >= sequence
};

// A record that is on the disk. Long texts (request body, answer) are left out: they are in the log.
struct Committed {
    std::uint64_t sequence = 0;
    std::uint32_t tag = 0;  // as given to append
    Record record;
};
// Called by the writer thread with what each commit made durable, in the order of the log, and with nothing where a
// commit failed. May move the records away. Must return soon, since the next commit waits.
using CommitSink = std::function<void(std::vector<Committed>&)>;

struct LogFigures {
    std::uint64_t appended = 0;      // records accepted since the log was opened
    std::uint64_t committed = 0;     // of these, durable
    std::uint64_t at_risk_peak = 0;  // the most records accepted and not yet durable at any time
    std::uint64_t commits = 0;       // calls of fdatasync
    std::uint64_t refused = 0;       // records refused because the queue was full or the disk failed
    std::uint64_t queued_bytes = 0;
    std::string failure;           // "" while the disk works
    std::uint64_t free_bytes = 0;  // left on the log's disk at the last commit
    std::uint64_t segment = 0;     // the one that is written to; those before it are closed
};

// Thread-safe. The destructor commits what was accepted, unless the disk refuses.
class SegmentLog {
  public:
    // Makes the folder; cuts a torn tail off the last segment. Throws an input error that names segment and line for
    // any other damage there; earlier segments are not read.
    explicit SegmentLog(LogOptions options);
    ~SegmentLog();
    SegmentLog(const SegmentLog&) = delete;
    SegmentLog& operator=(const SegmentLog&) = delete;

    // A Finish is accepted even where the queue is full: there is at most one for each accepted Admit, so the queue
    // stays bounded. So is a Feedback, for which the caller asks has_room() first; a Shadow is refused as an Admit is.
    // Never blocks on the disk. `tag` is handed on to the sink.
    Appended append(Record record, std::uint32_t tag = 0);

    std::uint64_t committed() const { return committed_.load(std::memory_order_acquire); }
    bool failing() const { return failing_.load(std::memory_order_acquire); }

    // The disk works and the queue is below its limit.
    bool has_room() const;

    // Blocks until the record is durable or the disk refuses; true for durable.
    bool wait_committed(std::uint64_t sequence);

    // `event_descriptor` (an eventfd that the caller owns) is written to after every commit and every failure.
    void notify(int event_descriptor);
    void stop_notifying(int event_descriptor);

    // One sink at a time; null takes it away, and waits for a call of it that is under way.
    void deliver_to(CommitSink sink);

    // Of the last record that was accepted.
    std::uint64_t appended() const;
    LogFigures figures() const;
    const LogRecovery& recovery() const { return recovery_; }

  private:
    struct Batch {
        std::string bytes;
        std::uint64_t last = 0;  // sequence number
        std::vector<Committed> records;
    };

    void recover();
    void write_loop();
    bool next_batch(Batch& batch);
    bool commit(const Batch& batch);
    void ensure_segment();
    void abandon_segment();
    void settle(Batch& batch);
    void deliver(std::vector<Committed>& records);
    void report_failure(const std::string& reason);
    void wake_listeners();
    void look_at_disk();

    LogOptions options_;
    LogRecovery recovery_;

    mutable std::mutex mutex_;
    std::condition_variable pending_changed_;
    std::condition_variable committed_changed_;
    Batch pending_;
    std::uint64_t writing_bytes_ = 0;
    std::vector<int> listeners_;
    LogFigures figures_;
    bool has_sink_ = false;
    bool stopping_ = false;
    std::atomic<std::uint64_t> committed_{0};
    std::atomic<bool> failing_{false};

    std::mutex sink_mutex_;  // taken after mutex_, never before
    CommitSink sink_;

    // Of the writer thread alone.
    core::FileDescriptor segment_;
    std::filesystem::path segment_path_;
    std::uint64_t segment_number_ = 0;
    std::uint64_t segment_size_ = 0;
    std::unique_ptr<SegmentPacker> packer_;
    std::chrono::steady_clock::time_point last_commit_{};
    std::chrono::steady_clock::time_point disk_seen_{};
    bool abandoned_ = false;  // a failed write may have left bytes after segment_size_

    std::thread writer_;
};

// Which segments are read.
struct LogRange {
    std::uint64_t after = 0;                                         // those behind this one …
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();  // … up to this one
    std::optional<std::int64_t> end_ms = std::nullopt;               // none behind one with a record of a later time
    Texts texts = Texts::read;
};

// Calls `visit` for every record of the folder in the order of writing. A torn last line of the last segment is passed
// over; any other damage is an input error that names segment and line. The log may be written to meanwhile.
LogRecovery for_each_record(const std::filesystem::path& folder, const std::function<void(const Record&)>& visit,
                            const LogRange& range = {});

// Every admitted request joined with its end, in the order of the ends; last those without one, which get
// Outcome::interrupted (in a log that is being written, they are under way). Memory: the open admits.
struct Exchange {
    Admit admit;
    Finish finish;
};
void for_each_exchange(const std::filesystem::path& folder, const std::function<void(const Exchange&)>& visit);

// Writes the finished requests as a traffic log, which the calibration stage reads: {"request":{…},"response":{…}} a
// line. Requests whose body was not logged are left out. Returns the number of lines.
std::uint64_t write_traffic(const std::filesystem::path& folder, const std::filesystem::path& traffic_file);

}  // namespace scale::rollout
