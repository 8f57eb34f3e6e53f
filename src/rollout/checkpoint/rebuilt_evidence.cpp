#include "rollout/checkpoint/rebuilt_evidence.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "record/live_log/segment_scan.h"
#include "rollout/evidence/state_archive.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t records_between_questions = 1000;

MonitorOptions monitor_options(const core::Json& settings) {
    const std::string source = "the checkpoint's settings";
    MonitorOptions options;
    options.alpha = core::required<double>(settings, "alpha", source);
    options.beta = core::required<double>(settings, "beta", source);
    options.harm_ratio = core::required<double>(settings, "harm_ratio", source);
    options.safe_ratio = core::required<double>(settings, "safe_ratio", source);
    options.latency_margin = core::required<double>(settings, "latency_margin", source);
    options.latency_minimum = core::required<std::uint64_t>(settings, "latency_minimum", source);
    options.guardrails = core::required<std::vector<std::string>>(settings, "guardrails", source);
    return options;
}

std::optional<fs::path> segment_of(const fs::path& log_folder, std::uint64_t number) {
    for (const auto& segment : record::segments_of(log_folder))
        if (record::segment_number(segment) == number) return segment;
    return std::nullopt;
}

// Nothing of an experiment that began later can be missing from a log that begins there.
bool covers(std::int64_t since_ms, std::int64_t started_ms) {
    return since_ms == 0 || since_ms < started_ms;
}

// Why the checkpoint cannot be used for the book; "" where it can.
std::string obstacle(const Checkpoint& checkpoint, const fs::path& log_folder, const EvidenceBook& book,
                     std::int64_t started_ms) {
    if (!fits_log(checkpoint, log_folder)) return "the segment that it names is not the one in the folder";
    if (checkpoint.experiment == book.experiment())
        return checkpoint.settings == evidence_settings(book.options(), book.limits()) ? "" : "the settings differ";
    if (checkpoint.experiments.contains(book.experiment()))
        return fmt::format("it is of {}, and {} has requests in it", checkpoint.experiment, book.experiment());
    if (!covers(checkpoint.since_ms, started_ms)) return "requests of the experiment may be missing from it";
    const core::Json mine = evidence_settings(book.options(), book.limits());
    return checkpoint.settings.value("limits", core::Json()) == mine["limits"] ? "" : "the limits differ";
}

void take_over(const Checkpoint& checkpoint, EvidenceBook& book) {
    EvidenceBook loaded(monitor_options(checkpoint.settings), checkpoint.experiment, book.limits());
    StateReader reader(checkpoint.state);
    loaded.load(reader);
    if (checkpoint.experiment != book.experiment()) loaded.turn_to(book.options(), book.experiment());
    book = std::move(loaded);
}

void start_from_checkpoint(const fs::path& log_folder, EvidenceBook& book, const RebuildOptions& options,
                           RebuiltEvidence& rebuilt) {
    for (const fs::path& file : checkpoints_of(log_folder)) try {
            const Checkpoint checkpoint = read_checkpoint(file);
            if (checkpoint.segment.number > options.last) continue;
            const std::string why = obstacle(checkpoint, log_folder, book, options.started_ms);
            if (!why.empty()) {
                rebuilt.passed_over.push_back(fmt::format("{}: {}", file.string(), why));
                continue;
            }
            take_over(checkpoint, book);
            rebuilt.checkpoint = checkpoint.segment.number;
            rebuilt.checkpoint_records = checkpoint.records;
            rebuilt.since_ms = checkpoint.since_ms;
            return;
        } catch (const core::Error& error) {
            rebuilt.passed_over.push_back(error.found());
        }
}

// The segments behind the checkpoint follow one another, and without one the first is the log's first, or older than
// the experiment.
std::string gap_in(const fs::path& log_folder, const RebuildOptions& options, RebuiltEvidence& rebuilt) {
    std::uint64_t last = rebuilt.checkpoint;
    for (const fs::path& segment : record::segments_of(log_folder)) {
        const std::uint64_t number = record::segment_number(segment);
        if (number <= rebuilt.checkpoint || number > options.last) continue;
        if (number != last + 1) {
            if (last != 0) return fmt::format("segment {} of the log is missing", last + 1);
            rebuilt.since_ms = std::max<std::int64_t>(1, first_ms_of(segment));
            if (!covers(rebuilt.since_ms, options.started_ms))
                return fmt::format(
                    "the log begins with segment {}, and no checkpoint of what was before it can be used", number);
        }
        last = number;
    }
    return {};
}

}  // namespace

core::Json evidence_settings(const MonitorOptions& options, const EvidenceBook::Limits& limits) {
    return {
        {"alpha", options.alpha},
        {"beta", options.beta},
        {"harm_ratio", options.harm_ratio},
        {"safe_ratio", options.safe_ratio},
        {"latency_margin", options.latency_margin},
        {"latency_minimum", options.latency_minimum},
        {"guardrails", options.guardrails},
        {"limits", {{"requests", limits.requests}, {"parked", limits.parked}, {"feedback_ids", limits.feedback_ids}}}};
}

bool fits_log(const Checkpoint& checkpoint, const fs::path& log_folder) {
    const auto segment = segment_of(log_folder, checkpoint.segment.number);
    return segment && mark_of(*segment) == checkpoint.segment;
}

LogStart log_start(const fs::path& log_folder) {
    LogStart start;
    const auto segments = record::segments_of(log_folder);
    start.from_first = segments.empty() || record::segment_number(segments.front()) == 1;
    for (const fs::path& file : checkpoints_of(log_folder)) try {
            const Checkpoint checkpoint = read_checkpoint(file);
            if (!fits_log(checkpoint, log_folder)) continue;
            EvidenceBook book(monitor_options(checkpoint.settings), checkpoint.experiment);
            StateReader reader(checkpoint.state);
            book.load(reader);
            start.segment = checkpoint.segment.number;
            start.pieces = checkpoint.pieces;
            start.open = book.open();
            return start;
        } catch (const core::Error&) {
            // An older one, or the log itself.
        }
    if (start.from_first) return start;
    throw core::refused(fmt::format("the log in {} begins with segment {}, and no checkpoint says what was before it",
                                    log_folder.string(), record::segment_number(segments.front())),
                        "a log whose records can be counted", "move the folder away to start a new log");
}

core::Json to_json(const RebuiltEvidence& rebuilt) {
    return {{"checkpoint", rebuilt.checkpoint},
            {"checkpoint_records", rebuilt.checkpoint_records},
            {"records_behind", rebuilt.records},
            {"problem", rebuilt.problem},
            {"passed_over", rebuilt.passed_over}};
}

RebuiltEvidence rebuild_evidence(const fs::path& log_folder, EvidenceBook& book, const RebuildOptions& options) {
    RebuiltEvidence rebuilt;
    book = EvidenceBook(book.options(), book.experiment(), book.limits());
    start_from_checkpoint(log_folder, book, options, rebuilt);
    rebuilt.problem = gap_in(log_folder, options, rebuilt);
    LogRange range;
    range.after = rebuilt.checkpoint;
    range.last = options.last;
    range.texts = Texts::left_out;
    if (rebuilt.checkpoint == 0) range.end_ms = options.end_ms;
    for_each_record(
        log_folder,
        [&](const Record& record) {
            book.replay(record);
            if (++rebuilt.records % records_between_questions == 0 && options.go_on && !options.go_on())
                throw core::io_error("the reading of the log was ended");
        },
        range);
    return rebuilt;
}

}  // namespace scale::rollout
