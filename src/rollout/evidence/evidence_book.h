// From the gateway's records to the evidence of one experiment: joins requests with their feedback, and drops what does
// not belong. Live traffic and a replayed log take the same way in, so both give the same evidence.
//
// Feedback may name a response before it has ended, or one that never existed: it is parked, and used when the response
// ends. Memory is bounded: of finished requests and of parked feedback, the newest are kept.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "rollout/control/controller.h"
#include "rollout/evidence/history.h"
#include "rollout/evidence/monitor.h"
#include "rollout/evidence/recent_events.h"
#include "rollout/evidence/recent_times.h"
#include "rollout/evidence/unit_number.h"

namespace scale::rollout {

// True, a positive number or a word other than "false", "no" and "0": the bad event took place.
bool affirms(const core::Json& value);

class StateReader;
class StateWriter;

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

    // A replay that goes on where another one ended: a book of the same experiment, options and limits that loads what
    // was saved, and then replays the records behind, is the book that replays all of them. load() throws an input
    // error for what save() has not written.
    void save(StateWriter& writer);
    void load(StateReader& reader);
    // Makes a book that replayed records of other experiments alone the book of this one.
    void turn_to(const MonitorOptions& options, const std::string& experiment);
    const MonitorOptions& options() const { return options_; }
    const std::string& experiment() const { return experiment_; }
    const Limits& limits() const { return limits_; }
    // Those whose requests have ended.
    const std::set<std::string>& experiments() const { return experiments_; }
    // Of a replay: ended requests and feedback, as LocalEvidence numbers them.
    std::uint64_t pieces() const { return pieces_; }
    const std::unordered_map<std::string, Admit>& open() const { return open_; }

  private:
    struct Known {
        std::string request_id;
        std::string response_id;
        std::string session;
        Assigned assigned;
        bool counted = false;
    };
    using KnownPointer = std::shared_ptr<const Known>;

    template <typename Archive>
    void exchange_state(Archive& archive);
    void remember(const Admit& admit, const Finish& finish);
    void remember(KnownPointer entry);
    const Known* known(const Feedback& feedback) const;
    void forget_oldest();
    void forget_parked();
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
    std::map<std::int64_t, UnitSet> step_units_;
    std::set<std::string> experiments_;
    // Of a replay.
    std::unordered_map<std::string, Admit> open_;  // without their texts
    std::uint64_t pieces_ = 0;
};

}  // namespace scale::rollout
