// The distinct requests of a log, without their texts: about 1 KiB each. Texts are read again from the log when they
// are needed.
//
// Memory is bounded: at most `kept_limit` distinct requests are held. Of a larger log those are kept whose hash lies
// below a threshold that is halved whenever there are too many (adaptive sampling, Wegman; Flajolet, 1990). They are a
// uniform sample of the distinct texts, the same for the same log in any order, and since the threshold only falls,
// every one of them was held from its first occurrence on, so that its occurrences are counted exactly.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "calibration/evaluation_texts.h"
#include "calibration/features.h"
#include "calibration/near_duplicates/minhash.h"
#include "calibration/request.h"
#include "calibration/script.h"
#include "calibration/source/traffic.h"
#include "calibration/topics.h"

namespace scale::calibration {

inline constexpr std::size_t kept_limit = 200000;

struct IndexedRequest {
    Place place;               // of the first occurrence that has an answer, else of the first
    std::string text_hash;     // SHA-256 of the normalised text
    std::string conversation;  // hash of the name that the line gives, "" where it gives none
    std::string opening;       // hash of the first thing the user wrote; later turns of one chat share it
    std::uint32_t occurrences = 1;
    bool has_answer = false;
    Format format = Format::plain;
    Script script = Script::latin;
    Length length = Length::brief;
    double tokens = 1;    // estimated, of prompt and answer
    std::string overlap;  // the evaluation set that it overlaps with, "" for none
};

// Exact deduplication: requests with the same normalised text become one, which counts its occurrences.
class Deduplication {
  public:
    explicit Deduplication(std::size_t limit = kept_limit) : limit_(limit) {}

    // True where the text is held for the first time.
    bool add(const Place& place, const Request& request);
    const std::vector<IndexedRequest>& distinct() const { return distinct_; }  // in the order of first occurrence
    std::vector<IndexedRequest> take() { return std::move(distinct_); }

    double kept_share() const { return kept_share_; }  // of the distinct texts
    // Exact where all are kept, else estimated.
    std::uint64_t distinct_count() const;
    std::size_t held_peak() const { return held_peak_; }

  private:
    void halve();

    std::size_t limit_;
    std::vector<IndexedRequest> distinct_;
    std::unordered_map<std::string, std::size_t> by_hash_;
    double kept_share_ = 1;
    std::size_t held_peak_ = 0;
};

struct TrafficIndex {
    std::filesystem::path log;
    SourceKind kind = SourceKind::requests;
    LogReading reading;
    BrokenLines broken;
    std::uint64_t requests = 0;        // usable lines
    std::uint64_t duplicates = 0;      // usable lines beyond the first of their text
    std::uint64_t distinct_count = 0;  // estimated where not all are kept
    double kept_share = 1;
    RedactionCounts redactions{};
    std::vector<IndexedRequest> distinct;
    std::vector<TopicVector> vectors;      // of each distinct request
    std::vector<Signature> signatures;     // likewise
    std::vector<std::size_t> clusters;     // of near-duplicates, named by their first member
    std::vector<int> topics;               // of each distinct request
    std::vector<std::string> topic_names;  // by topic
};

struct IndexOptions {
    std::uint64_t seed = 1;
    std::size_t kept = kept_limit;
    const EvaluationTexts* evaluation = nullptr;
};

// Reads the log twice: once to index it and count words, once to compare every held request with the others. `progress`
// (may be empty) gets (done, total) over both.
TrafficIndex index_traffic(Traffic& traffic, const std::filesystem::path& log, const IndexOptions& options,
                           const std::function<void(double, double)>& progress = {});

}  // namespace scale::calibration
