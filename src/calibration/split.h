// Which distinct requests may calibrate and which are kept for the gate.
//
// Requests are split by group, so that what the gate scores never shares a conversation with what the model was fitted
// to. A group is the conversation (or session, or user) that the line names; where it names none, or where one name
// covers over a quarter of the log and so names a client rather than a conversation, it is the set of requests that
// open with the same words, which are the turns of one chat. A text that several conversations share belongs to the
// first.
//
// Groups are taken in the order of a seeded hash of their names, so a group keeps its place when the log grows.
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

struct Split {
    std::vector<std::size_t> calibration;  // positions in TrafficIndex::distinct, ascending
    std::vector<std::size_t> holdout;
};

// The group of every request.
std::vector<std::string> groups_of(const std::vector<IndexedRequest>& requests);

// Puts about `share` of the requests into the holdout, at least min_holdout and leaving at least min_samples. Throws an
// input error that begins with `source` and states the counts where the log is too small or its groups are too large.
Split split_requests(const std::vector<IndexedRequest>& requests, double share, std::uint64_t seed,
                     const std::string& source);

// Throws std::logic_error where a text or a group is on both sides. Called on every split before it is used.
void check_disjoint(const std::vector<IndexedRequest>& requests, const Split& split);

}  // namespace scale::calibration
