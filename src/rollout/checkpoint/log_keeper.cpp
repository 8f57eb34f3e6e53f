#include "rollout/checkpoint/log_keeper.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <limits>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/progress.h"
#include "record/live_log/segment_scan.h"
#include "rollout/checkpoint/rebuilt_evidence.h"
#include "rollout/checkpoint/retention.h"
#include "rollout/evidence/state_archive.h"

namespace scale::rollout {

namespace {

constexpr std::chrono::seconds look_time{1};
constexpr std::chrono::hours removal_time{1};
constexpr std::size_t kept = 2;
constexpr double day_ms = 86'400'000;
constexpr int background = 10;  // niceness
// Nobody's evidence can be missing from the checkpoint of no experiment.
constexpr std::int64_t always = std::numeric_limits<std::int64_t>::max();

struct Fitting {
    std::filesystem::path file;
    std::uint64_t segment = 0;
};

// Those that a start could use as far as the log goes, the newest first. Each is unpacked and checked for it.
std::vector<Fitting> fitting_checkpoints(const std::filesystem::path& log_folder) {
    std::vector<Fitting> fitting;
    for (const auto& file : checkpoints_of(log_folder)) try {
            const Checkpoint checkpoint = read_checkpoint(file);
            if (fits_log(checkpoint, log_folder)) fitting.push_back({file, checkpoint.segment.number});
            if (fitting.size() == kept) break;
        } catch (const core::Error&) {
            // It is of no use, then.
        }
    return fitting;
}

}  // namespace

LogKeeper::LogKeeper(LogKeeperOptions options) : options_(std::move(options)) {}

LogKeeper::LogKeeper(LogKeeperOptions options, const SegmentLog& log) : LogKeeper(std::move(options)) {
    thread_ = std::thread([this, &log] { run(log); });
}

LogKeeper::~LogKeeper() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    stop_changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void LogKeeper::run(const SegmentLog& log) {
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), background);
    std::uint64_t seen = 0;
    if (const auto fitting = fitting_checkpoints(options_.log_folder); !fitting.empty()) {
        seen = fitting.front().segment;
        const std::lock_guard lock(mutex_);
        newest_ = seen;
        newest_bytes_ = std::filesystem::file_size(fitting.front().file);
    }
    look_at_folder();
    auto removal = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        lock.unlock();
        const std::uint64_t open = log.figures().segment;
        if (open > seen + options_.every) {
            seen = open - 1;  // tried once, whatever comes of it
            guarded([&] { checkpoint(open - 1); });
            look_at_folder();
            removal = {};
        }
        if (options_.keep_days > 0 && std::chrono::steady_clock::now() >= removal) {
            guarded([&] { remove_old_segments(); });
            look_at_folder();
            removal = std::chrono::steady_clock::now() + removal_time;
        }
        lock.lock();
        stop_changed_.wait_for(lock, look_time, [this] { return stopping_; });
    }
}

void LogKeeper::guarded(const std::function<void()>& work) {
    std::string problem;
    try {
        work();
    } catch (const core::Error& error) {
        problem = error.found();
    } catch (const std::exception& error) {
        problem = error.what();
    }
    const std::lock_guard lock(mutex_);
    if (problem != problem_ && !problem.empty() && !stopping_) core::say("the log's checkpoint: " + problem);
    problem_ = problem;
}

void LogKeeper::look_at_folder() {
    const auto segments = record::segments_of(options_.log_folder);
    const std::lock_guard lock(mutex_);
    first_segment_ = segments.empty() ? 0 : record::segment_number(segments.front());
}

void LogKeeper::checkpoint(std::uint64_t segment) {
    EvidenceBook book(options_.monitor, options_.experiment, options_.limits);
    RebuildOptions range;
    range.started_ms = options_.experiment.empty() ? always : options_.started_ms;
    range.last = segment;
    range.go_on = [this] {
        const std::lock_guard lock(mutex_);
        return !stopping_;
    };
    RebuiltEvidence rebuilt = rebuild_evidence(options_.log_folder, book, range);
    if (!rebuilt.problem.empty()) {
        // Of this experiment nothing may be concluded. What later ones need of the log can still be kept.
        book = EvidenceBook(options_.monitor, "", options_.limits);
        range.started_ms = always;
        rebuilt = rebuild_evidence(options_.log_folder, book, range);
    }
    if (rebuilt.checkpoint == segment) return;
    const auto segments = record::segments_of(options_.log_folder);
    const auto last = std::find_if(segments.begin(), segments.end(),
                                   [&](const auto& path) { return record::segment_number(path) == segment; });
    if (last == segments.end()) return;
    Checkpoint made;
    made.experiment = book.experiment();
    made.epoch = options_.epoch ? options_.epoch() : 0;
    made.settings = evidence_settings(book.options(), book.limits());
    made.segment = mark_of(*last);
    made.since_ms = rebuilt.since_ms;
    made.experiments = book.experiments();
    made.pieces = book.pieces();
    made.records = rebuilt.checkpoint_records + rebuilt.records;
    StateWriter writer;
    book.save(writer);
    made.state = writer.bytes();
    const std::uint64_t bytes = write_checkpoint(options_.log_folder, made, options_.before_step);
    std::vector<std::filesystem::path> fitting;
    for (const Fitting& one : fitting_checkpoints(options_.log_folder)) fitting.push_back(one.file);
    remove_other_checkpoints(options_.log_folder, fitting);
    core::say_detail(
        fmt::format("checkpoint of the evidence up to segment {}: {} records, {} bytes", segment, made.records, bytes));
    const std::lock_guard lock(mutex_);
    newest_ = segment;
    newest_bytes_ = bytes;
    newest_ms_ = options_.now_ms();
}

void LogKeeper::remove_old_segments() {
    if (options_.keep_days <= 0) return;
    RetentionRule rule;
    rule.older_than_ms = options_.now_ms() - static_cast<std::int64_t>(options_.keep_days * day_ms);
    rule.read_before_ms = options_.read_before_ms ? options_.read_before_ms() : 0;
    const auto fitting = fitting_checkpoints(options_.log_folder);
    if (fitting.size() == kept) rule.below = fitting.back().segment;
    const Removable removable = removable_segments(options_.log_folder, rule);
    for (const auto& segment : removable.segments) {
        if (options_.before_step) options_.before_step("removing");
        std::error_code failure;
        std::filesystem::remove(segment, failure);
        if (failure) throw core::system_error("cannot remove " + segment.string(), failure.value());
    }
    if (!removable.segments.empty()) {
        core::sync_folder(options_.log_folder);
        core::say(fmt::format("removed {} segments of the log, up to {}: older than {:g} days",
                              removable.segments.size(), removable.segments.back().filename().string(),
                              options_.keep_days));
    }
    const std::lock_guard lock(mutex_);
    removed_ += removable.segments.size();
    held_ = removable.held;
}

core::Json LogKeeper::status() const {
    const std::lock_guard lock(mutex_);
    return {{"checkpoint", newest_},
            {"checkpoint_bytes", newest_bytes_},
            {"checkpoint_ms", newest_ms_},
            {"first_segment", first_segment_},
            {"removed", removed_},
            {"keep_days", options_.keep_days},
            {"held", held_},
            {"problem", problem_}};
}

}  // namespace scale::rollout
