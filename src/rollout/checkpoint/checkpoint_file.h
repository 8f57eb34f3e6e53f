// The evidence at the end of a closed segment, beside the segments of the log: checkpoint-0000000012.
//
//   <CRC-32C> <space> <JSON>      one line as in a segment (record/live_log/segment_scan.h): the head, which names the
//                                 SHA-256 of what follows
//   bytes                         EvidenceBook::save, compressed by zstd
//
// A file appears whole or not at all. What is in it counts only after both sums have been checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "core/json.h"
#include "rollout/checkpoint/segment_mark.h"
#include "rollout/state/durable_replace.h"

namespace scale::rollout {

// Of head and state; grows with every change of what EvidenceBook::save writes, or of what it means.
inline constexpr int checkpoint_version = 1;

struct Checkpoint {
    std::string experiment;             // whose evidence it is
    std::uint64_t epoch = 0;            // of the rollout's state, when it was written
    core::Json settings;                // what else the evidence depends on: evidence_settings()
    SegmentMark segment;                // the last one that it covers
    std::int64_t since_ms = 0;          // requests before this time were gone already; 0: none were
    std::set<std::string> experiments;  // with requests in the segments covered
    std::uint64_t pieces = 0;           // EvidenceBook::pieces
    std::uint64_t records = 0;          // of all segments covered
    std::string state;
};

// All of the folder, the newest first.
std::vector<std::filesystem::path> checkpoints_of(const std::filesystem::path& log_folder);
std::filesystem::path checkpoint_path(const std::filesystem::path& log_folder, std::uint64_t segment);

// Durable when it returns (state/durable_replace.h); an io error where the disk refuses. Returns the file's length.
std::uint64_t write_checkpoint(const std::filesystem::path& log_folder, const Checkpoint& checkpoint,
                               const StepHook& before_step = {});

// Throws an input error that says why the file is not a checkpoint of this version as it was written.
Checkpoint read_checkpoint(const std::filesystem::path& file);

// Leaves those alone, and nothing of what a killed writer left behind.
void remove_other_checkpoints(const std::filesystem::path& log_folder, const std::vector<std::filesystem::path>& kept);

}  // namespace scale::rollout
