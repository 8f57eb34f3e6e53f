#include "rollout/log/segment_log.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "core/error.h"
#include "record/live_log/segment_scan.h"

namespace scale::rollout {

SegmentLog::SegmentLog(LogOptions options) : options_(std::move(options)) {
    recover();
    packer_ = std::make_unique<SegmentPacker>(options_.folder, segment_number_);
    writer_ = std::thread([this] { write_loop(); });
}

SegmentLog::~SegmentLog() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    pending_changed_.notify_all();
    writer_.join();
}

void SegmentLog::recover() {
    std::error_code failure;
    std::filesystem::create_directories(options_.folder, failure);
    if (failure) throw core::system_error("cannot make the folder " + options_.folder.string(), failure.value());
    const auto segments = record::segments_of(options_.folder);
    if (segments.empty()) return;
    const auto& last = segments.back();
    segment_number_ = figures_.segment = record::segment_number(last);
    if (record::is_packed(last)) return;  // the one behind it is gone: another is begun
    const record::SegmentScan scan = record::scan_segment(last, true, [](std::string_view, std::uint64_t) {});
    recovery_.records = scan.lines;
    segment_size_ = scan.good_bytes;
    segment_path_ = last;
    segment_ = core::FileDescriptor(::open(last.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!segment_) throw core::system_error("cannot write " + last.string(), errno);
    if (scan.torn_bytes == 0) return;
    recovery_.torn_bytes = scan.torn_bytes;
    recovery_.torn_segment = last.filename().string();
    if (::ftruncate(segment_.get(), static_cast<off_t>(scan.good_bytes)) != 0 || ::fsync(segment_.get()) != 0)
        throw core::system_error("cannot cut the torn tail of " + last.string(), errno);
}

namespace {

// What the evidence does not need, and what would be held twice.
void drop_texts(Record& record) {
    if (auto* admit = std::get_if<Admit>(&record)) std::string().swap(admit->request);
    if (auto* finish = std::get_if<Finish>(&record)) std::string().swap(finish->answer);
    if (auto* shadow = std::get_if<Shadow>(&record)) std::string().swap(shadow->answer);
}

}  // namespace

Appended SegmentLog::append(Record record, std::uint32_t tag) {
    const std::string line = record::framed_line(to_json_line(record));
    const bool must_accept = std::holds_alternative<Finish>(record) || std::holds_alternative<Feedback>(record);
    drop_texts(record);
    std::uint64_t sequence = 0;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        const bool full = pending_.bytes.size() + writing_bytes_ + line.size() > options_.queue_bytes;
        if (!must_accept && (full || failing())) {
            ++figures_.refused;
            return {failing() ? AppendResult::failed : AppendResult::full, 0};
        }
        was_empty = pending_.bytes.empty();
        pending_.bytes += line;
        sequence = pending_.last = ++figures_.appended;
        if (has_sink_) pending_.records.push_back({sequence, tag, std::move(record)});
        figures_.at_risk_peak = std::max(figures_.at_risk_peak, sequence - committed());
    }
    if (was_empty) pending_changed_.notify_one();
    return {AppendResult::accepted, sequence};
}

void SegmentLog::deliver_to(CommitSink sink) {
    const std::lock_guard lock(mutex_);
    const std::lock_guard sink_lock(sink_mutex_);
    has_sink_ = static_cast<bool>(sink);
    sink_ = std::move(sink);
}

void SegmentLog::deliver(std::vector<Committed>& records) {
    const std::lock_guard lock(sink_mutex_);
    if (sink_) sink_(records);
}

std::uint64_t SegmentLog::appended() const {
    const std::lock_guard lock(mutex_);
    return figures_.appended;
}

bool SegmentLog::has_room() const {
    const std::lock_guard lock(mutex_);
    return !failing() && pending_.bytes.size() + writing_bytes_ < options_.queue_bytes;
}

bool SegmentLog::wait_committed(std::uint64_t sequence) {
    std::unique_lock lock(mutex_);
    committed_changed_.wait(lock, [&] { return committed() >= sequence || failing(); });
    return committed() >= sequence;
}

void SegmentLog::notify(int event_descriptor) {
    const std::lock_guard lock(mutex_);
    listeners_.push_back(event_descriptor);
}

void SegmentLog::stop_notifying(int event_descriptor) {
    const std::lock_guard lock(mutex_);
    std::erase(listeners_, event_descriptor);
}

LogFigures SegmentLog::figures() const {
    const std::lock_guard lock(mutex_);
    LogFigures figures = figures_;
    figures.committed = committed();
    figures.queued_bytes = pending_.bytes.size() + writing_bytes_;
    return figures;
}

void SegmentLog::write_loop() {
    Batch batch;
    while (next_batch(batch)) {
        while (!commit(batch)) {
            std::unique_lock lock(mutex_);
            if (stopping_) return;
            pending_changed_.wait_for(lock, options_.retry, [&] { return stopping_; });
        }
        settle(batch);
        look_at_disk();
    }
}

// A disk is seen to fill before it refuses.
void SegmentLog::look_at_disk() {
    const auto now = std::chrono::steady_clock::now();
    if (now - disk_seen_ < std::chrono::seconds(1)) return;
    disk_seen_ = now;
    std::error_code unknown;
    const auto space = std::filesystem::space(options_.folder, unknown);
    const std::lock_guard lock(mutex_);
    if (!unknown) figures_.free_bytes = space.available;
}

// Commits start at least `spacing` apart, so that a busy log shares each one among many records.
bool SegmentLog::next_batch(Batch& batch) {
    std::unique_lock lock(mutex_);
    pending_changed_.wait(lock, [&] { return stopping_ || !pending_.bytes.empty(); });
    if (!stopping_) pending_changed_.wait_until(lock, last_commit_ + options_.spacing, [&] { return stopping_; });
    if (pending_.bytes.empty()) return false;
    batch.bytes.clear();
    batch.records.clear();
    std::swap(batch, pending_);
    writing_bytes_ = batch.bytes.size();
    last_commit_ = std::chrono::steady_clock::now();
    return true;
}

// After a failed fdatasync the kernel may hold the pages for clean, so nothing in that segment beyond the last commit
// can be trusted: the batch is written again, whole, to a fresh segment.
bool SegmentLog::commit(const Batch& batch) {
    try {
        if (abandoned_) abandon_segment();
        ensure_segment();
        abandoned_ = true;
        core::write_all(segment_.get(), batch.bytes, segment_path_.string());
        if (::fdatasync(segment_.get()) != 0) throw core::system_error("cannot write " + segment_path_.string(), errno);
        abandoned_ = false;
        segment_size_ += batch.bytes.size();
        return true;
    } catch (const core::Error& failure) {
        report_failure(failure.found());
        return false;
    }
}

void SegmentLog::ensure_segment() {
    if (segment_ && segment_size_ < options_.segment_bytes) return;
    const auto path = record::segment_path(options_.folder, segment_number_ + 1);
    core::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
    if (!file) throw core::system_error("cannot make " + path.string(), errno);
    core::sync_folder(options_.folder);
    segment_ = std::move(file);
    segment_path_ = path;
    ++segment_number_;
    segment_size_ = 0;
    {
        const std::lock_guard lock(mutex_);
        figures_.segment = segment_number_;
    }
    packer_->open_segment_is(segment_number_);
}

void SegmentLog::abandon_segment() {
    if (::ftruncate(segment_.get(), static_cast<off_t>(segment_size_)) != 0 || ::fsync(segment_.get()) != 0)
        throw core::system_error("cannot cut " + segment_path_.string() + " back", errno);
    segment_.reset();
    abandoned_ = false;
}

void SegmentLog::settle(Batch& batch) {
    {
        const std::lock_guard lock(mutex_);
        committed_.store(batch.last, std::memory_order_release);
        failing_.store(false, std::memory_order_release);
        figures_.failure.clear();
        ++figures_.commits;
        writing_bytes_ = 0;
        wake_listeners();
    }
    committed_changed_.notify_all();
    deliver(batch.records);
}

void SegmentLog::report_failure(const std::string& reason) {
    {
        const std::lock_guard lock(mutex_);
        failing_.store(true, std::memory_order_release);
        figures_.failure = reason;
        wake_listeners();
    }
    committed_changed_.notify_all();
    std::vector<Committed> nothing;
    deliver(nothing);
}

void SegmentLog::wake_listeners() {
    const std::uint64_t one = 1;
    for (const int listener : listeners_) {
        // A full counter has already woken its reader.
        [[maybe_unused]] const ssize_t written = ::write(listener, &one, sizeof one);
    }
}

}  // namespace scale::rollout
