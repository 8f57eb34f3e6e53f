// From the gateway's records to the evidence of one experiment: joins requests with their feedback, and drops what does
// not belong. Live traffic and a replayed log take the same way in, so both give the same evidence.
//
// Feedback may name a response before it has ended, or one that never existed: it is parked, and used when the response
// ends. Memory is bounded: of finished requests and of parked feedback, the newest are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rollout/control/controller.h"
#include "rollout/evidence/history.h"
#include "rollout/evidence/monitor.h"
#include "rollout/evidence/recent_events.h"
#include "rollout/evidence/recent_times.h"

namespace scale::rollout {

// True, a positive number or a word other than "false", "no" and "0": the bad event took place.
bool affirms(const core::Json& value);

class EvidenceBook {
  public:
    struct Limits {
        std::size_t requests = 250'000;
        std::size_t parked = 10'000;
        std::size_t feedback_ids = 250'000;
    };

    EvidenceBook(const MonitorOptions& options, std::string experiment, Limits limits);
    EvidenceBook(const MonitorOptions& options, std::string experiment)
        : EvidenceBook(options, std::move(experiment), Limits{}) {}

    void finished(const Admit& admit, const Finish& finish);
    FeedbackReply feedback(const Feedback& feedback);
    // What feedback() would say now.
    FeedbackReply expect(const Feedback& feedback) const;
    void replay(const Record& record);  // in the order of the log

    const Monitor& monitor() const { return monitor_; }
    // Candidate units that came while the share was `share_ppm`.
    std::uint64_t candidate_units_at(std::int64_t share_ppm) const;
    std::size_t parked() const { return parked_count_; }
    // What the live page shows beside the monitor: {"history", "times": {arm: …}, "feedback", "failures"}. The history
    // whole, or its newest point.
    core::Json live_json(bool whole_history) const;

  private:
    struct Known {
        std::string request_id;
        std::string response_id;
        std::string session;
        std::string unit;
        Arm arm = Arm::original;
        std::uint32_t propensity = 0;
        bool counted = false;
    };
    using KnownPointer = std::shared_ptr<const Known>;

    void remember(const Admit& admit, const Finish& finish);
    const Known* known(const Feedback& feedback) const;
    void forget_oldest();
    bool count(const Feedback& feedback, const Known& known);
    void release(const std::string& key);
    void remember_id(const std::string& id);

    MonitorOptions options_;
    std::string experiment_;
    Limits limits_;
    Monitor monitor_;
    EvidenceHistory history_;
    RecentTimes times_;
    RecentEvents recent_;
    // By hash of kind and name: 'r' request id, 'a' answer's id, 's' session digest (its latest request). What is found
    // is compared with the name.
    std::unordered_map<std::uint64_t, KnownPointer> known_;
    std::deque<KnownPointer> known_order_;
    std::unordered_map<std::string, std::vector<Feedback>> parked_;
    std::deque<std::string> parked_order_;
    std::size_t parked_count_ = 0;
    std::unordered_set<std::string> feedback_ids_;
    std::deque<std::string> feedback_id_order_;
    std::unordered_map<std::string, Admit> open_;  // of a replay
    std::unordered_map<std::int64_t, std::unordered_set<std::string>> step_units_;
};

}  // namespace scale::rollout
