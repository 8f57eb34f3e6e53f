// The evidence of a log: the newest checkpoint that can be used, and the segments behind it.
//
// A checkpoint can be used where it is whole, of this version, of the same settings, and the segment that it names is
// the one in the folder; and where it is of the same experiment, or of a time before the experiment had its first
// request. Every other one is passed over: an older one takes its place, or the whole log. So the result is that of
// reading all the log, or `problem` says why nobody can know it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/json.h"
#include "rollout/checkpoint/checkpoint_file.h"
#include "rollout/evidence/evidence_book.h"

namespace scale::rollout {

struct RebuildOptions {
    std::int64_t started_ms = 0;                                     // no request of the book's experiment is older
    std::uint64_t last = std::numeric_limits<std::uint64_t>::max();  // segment to read up to
    // Of an experiment that has ended: the log is read no further, unless a checkpoint lies there.
    std::optional<std::int64_t> end_ms = std::nullopt;
    std::function<bool()> go_on;  // asked now and then; false ends the reading with an io error
};

struct RebuiltEvidence {
    std::uint64_t checkpoint = 0;  // its segment; 0: there was none to use
    std::uint64_t checkpoint_records = 0;
    std::uint64_t records = 0;             // read behind it
    std::int64_t since_ms = 0;             // requests before are in neither; 0: none
    std::string problem;                   // "": the evidence is whole
    std::vector<std::string> passed_over;  // checkpoints, each with the reason
};
core::Json to_json(const RebuiltEvidence& rebuilt);

// Replaces what is in `book`, whose experiment, options and limits stay. Throws an input error for damage in a segment
// that has to be read.
RebuiltEvidence rebuild_evidence(const std::filesystem::path& log_folder, EvidenceBook& book,
                                 const RebuildOptions& options = {});

// Where the pieces of a log (replica/local_evidence.h) may be counted on from: the newest checkpoint of whatever
// experiment that is whole and fits the log.
struct LogStart {
    std::uint64_t segment = 0;  // 0: from the log's first
    std::uint64_t pieces = 0;   // up to it
    std::unordered_map<std::string, Admit> open;
    bool from_first = true;  // the log's first segment is still there
};
// Throws a refusal where the log's beginning was removed and no checkpoint says what was in it.
LogStart log_start(const std::filesystem::path& log_folder);

// What the state of a book depends on beside its records and its experiment.
core::Json evidence_settings(const MonitorOptions& options, const EvidenceBook::Limits& limits);

// The checkpoint's segment stands in the folder as it was.
bool fits_log(const Checkpoint& checkpoint, const std::filesystem::path& log_folder);

}  // namespace scale::rollout
