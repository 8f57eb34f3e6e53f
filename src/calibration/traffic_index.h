// The distinct requests of a log, without their texts: under 1 KiB each, so that a million fit. Texts are read again
// from the log when they are needed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "calibration/features.h"
#include "calibration/request.h"
#include "calibration/topics.h"
#include "calibration/traffic_log.h"

namespace scale::calibration {

struct IndexedRequest {
    LinePlace place;           // of the first occurrence that has an answer, else of the first
    std::string text_hash;     // SHA-256 of the normalised text
    std::string conversation;  // hash of the name that the line gives, "" where it gives none
    std::string opening;       // hash of the first thing the user wrote; later turns of one chat share it
    std::uint32_t occurrences = 1;
    bool has_answer = false;
    Format format = Format::plain;
    Length length = Length::brief;
};

// Exact deduplication: requests with the same normalised text become one, which counts its occurrences.
class Deduplication {
  public:
    void add(const LinePlace& place, const Request& request);
    const std::vector<IndexedRequest>& distinct() const { return distinct_; }  // in the order of first occurrence
    std::vector<IndexedRequest> take() { return std::move(distinct_); }
    std::uint64_t duplicates() const { return duplicates_; }

  private:
    std::vector<IndexedRequest> distinct_;
    std::unordered_map<std::string, std::size_t> by_hash_;
    std::uint64_t duplicates_ = 0;
};

struct TrafficIndex {
    std::filesystem::path log;
    LogReading reading;
    BrokenLines broken;
    std::uint64_t requests = 0;    // usable lines
    std::uint64_t duplicates = 0;  // usable lines beyond the first of their text
    std::vector<IndexedRequest> distinct;
    std::vector<int> topics;               // of each distinct request
    std::vector<std::string> topic_names;  // by topic
};

// Reads the log twice: once to index it and count words, once to place every distinct request among the topics.
// `progress` (may be empty) gets (done, total) over both.
TrafficIndex index_traffic(const std::filesystem::path& log, std::uint64_t seed,
                           const std::function<void(double, double)>& progress = {});

}  // namespace scale::calibration
