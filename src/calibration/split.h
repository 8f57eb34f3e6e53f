// Which distinct requests may calibrate, which are kept for the gate, and which for nobody (the canary).
//
// Requests are split by group, so that what the gate scores never shares a conversation with what the model was fitted
// to. A group is the conversation (or session, or user) that the line names; where it names none, or where one name
// covers over a quarter of the log and so names a client rather than a conversation, it is the set of requests that
// open with the same words, which are the turns of one chat. A text that several conversations share belongs to the
// first.
//
// Groups are taken in the order of a seeded hash of their names, so a group keeps its place when the log grows. Then a
// request that is nearly the text of one on another side is set aside: of the canary where the gate has one like it, of
// the calibration where either has. Joining whole conversations over near-duplicates instead would tie most of a log
// together by its greetings.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "calibration/traffic_index.h"

namespace scale::calibration {

inline constexpr std::size_t min_samples = 128;
inline constexpr std::size_t max_samples = 512;
inline constexpr std::size_t min_holdout = 32;
inline constexpr std::size_t max_holdout = 256;
inline constexpr std::size_t min_canary = 16;
inline constexpr std::size_t max_canary = 64;

struct Split {
    std::vector<std::size_t> calibration;  // positions in TrafficIndex::distinct, ascending
    std::vector<std::size_t> holdout;
    std::vector<std::size_t> canary;     // empty where the log is too small for one
    std::vector<std::size_t> set_aside;  // near-duplicates across the split
    std::vector<std::size_t> overlaps;   // with an evaluation set
};

struct SplitOptions {
    double holdout = 0.25;  // shares of the requests
    double canary = 0.05;
    std::uint64_t seed = 1;
};

// The group of every request.
std::vector<std::string> groups_of(const std::vector<IndexedRequest>& requests);

// At least min_holdout are held out and min_samples left to calibrate; the canary gets its share, or nothing where that
// would be under min_canary. Throws an input error that begins with `source` and states the counts where the log is too
// small, its groups are too large, or too many are near-duplicates.
Split split_requests(const TrafficIndex& index, const SplitOptions& options, const std::string& source);

// Throws std::logic_error where a text or a group is on two sides. Called on every split before it is used.
void check_disjoint(const std::vector<IndexedRequest>& requests, const Split& split);

// Members of `one` that are near-duplicates of a member of `other`, every pair compared.
std::vector<std::size_t> near_duplicates_across(const TrafficIndex& index, const std::vector<std::size_t>& one,
                                                const std::vector<std::size_t>& other);

}  // namespace scale::calibration
