// A log such as two rollouts leave it: users that come back, feedback that comes early, late, twice or about nothing,
// requests across segments and some that never end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/file.h"
#include "record/live_log/packed_segment.h"
#include "record/live_log/segment_scan.h"
#include "rollout/evidence/evidence_book.h"
#include "rollout/evidence/state_archive.h"
#include "rollout/log/segment_log.h"

namespace scale::rollout {

inline MonitorOptions stream_options() {
    MonitorOptions options;
    options.guardrails = {"thumbs_down", "server_error"};
    options.latency_minimum = 5;
    return options;
}

// Small enough that requests, parked feedback and ids are forgotten on the way.
inline constexpr EvidenceBook::Limits stream_limits{.requests = 120, .parked = 9, .feedback_ids = 60};

class Stream {
  public:
    explicit Stream(std::uint64_t seed) : random_(seed) {}

    std::vector<Record> records(int count, const std::string& experiment) {
        std::vector<Record> made;
        for (int i = 0; i < count; ++i) one(made, experiment);
        return made;
    }

  private:
    std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

    void one(std::vector<Record>& made, const std::string& experiment) {
        time_ms_ += static_cast<std::int64_t>(below(200));
        switch (below(5)) {
            case 0:
            case 1:
                return admit(made, experiment);
            case 2:
            case 3:
                return finish(made);
            default:
                return feedback(made);
        }
    }
    void admit(std::vector<Record>& made, const std::string& experiment) {
        Admit admit;
        admit.time_ms = time_ms_;
        admit.request_id = fmt::format("{:012x}", ++requests_);
        const std::uint64_t user = below(80);
        admit.unit = fmt::format("{:016x}{:048x}", user * 0x9e3779b97f4a7c15u, user);
        admit.session = below(3) == 0 ? fmt::format("{:064x}", user) : "";
        admit.arm = user % 3 == 0 ? Arm::candidate : Arm::original;
        admit.propensity = requests_ < 100 ? 300'000 : 500'000;
        admit.experiment = below(20) == 0 ? "" : experiment;
        admit.excluded = admit.experiment.empty() || below(30) == 0;
        admit.stream = below(2) == 0;
        admit.request = R"({"model":"m","messages":[]})";
        open_.push_back(admit);
        made.emplace_back(admit);
    }
    void finish(std::vector<Record>& made) {
        if (open_.empty()) return;
        const std::size_t at = below(open_.size());
        const Admit admit = open_[at];
        open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
        if (below(15) == 0) return;  // never ends
        Finish finish;
        finish.time_ms = time_ms_;
        finish.request_id = admit.request_id;
        finish.response_id = "chatcmpl-" + admit.request_id;
        finish.served_by = below(25) == 0 ? Arm::original : admit.arm;
        finish.outcome = static_cast<Outcome>(std::max<int>(0, static_cast<int>(below(20)) - 14));
        finish.ttft_ms = 5 + static_cast<double>(below(1000)) / 7;
        finish.duration_ms = 50 + static_cast<double>(below(1000)) / 3;
        finish.completion_tokens = static_cast<std::int64_t>(below(40));
        finish.error = finish.outcome == Outcome::ok ? "" : "it broke";
        made.emplace_back(finish);
    }
    void feedback(std::vector<Record>& made) {
        Feedback feedback;
        feedback.time_ms = time_ms_;
        feedback.id = fmt::format("f-{}", below(4) == 0 ? below(++given_) : ++given_);
        // Of old requests, of those under way, and of some that are yet to come.
        const std::uint64_t about = below(requests_ + 10);
        switch (below(4)) {
            case 0:
                feedback.request_id = fmt::format("{:012x}", about);
                break;
            case 1:
                feedback.session = fmt::format("{:064x}", below(80));
                break;
            default:
                feedback.response_id = fmt::format("{}{:012x}", below(2) == 0 ? "chatcmpl-" : "", about);
        }
        feedback.name = below(4) == 0 ? "remark" : "thumbs_down";
        feedback.value = below(5) != 0;
        feedback.comment = below(3) == 0 ? "no, \"really\"" : "";
        made.emplace_back(feedback);
    }

    std::mt19937_64 random_;
    std::int64_t time_ms_ = 1'800'000'000'000;
    std::uint64_t requests_ = 0;
    std::uint64_t given_ = 0;
    std::vector<Admit> open_;
};

// Segments as the gateway leaves them, all but the last packed.
class StreamLog {
  public:
    explicit StreamLog(std::filesystem::path folder) : folder_(std::move(folder)) {}

    void add_segment(const std::vector<Record>& records) {
        if (segments_ > 0) record::pack_segment(record::segment_path(folder_, segments_));
        std::string text;
        for (const Record& record : records) text += record::framed_line(to_json_line(record));
        core::write_file_atomic(record::segment_path(folder_, ++segments_), text);
        all_.insert(all_.end(), records.begin(), records.end());
    }
    std::uint64_t segments() const { return segments_; }
    const std::filesystem::path& folder() const { return folder_; }

    EvidenceBook whole_replay(const std::string& experiment, const MonitorOptions& options = stream_options()) const {
        EvidenceBook book(options, experiment, stream_limits);
        for (const Record& record : all_) book.replay(from_json_line(to_json_line(record), "the stream"));
        return book;
    }

  private:
    std::filesystem::path folder_;
    std::uint64_t segments_ = 0;
    std::vector<Record> all_;
};

// Everything that a book knows.
inline std::string state_of(EvidenceBook& book) {
    StateWriter writer;
    book.save(writer);
    return writer.bytes();
}

}  // namespace scale::rollout
