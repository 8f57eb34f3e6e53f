// All evidence about the two arms of one experiment, and what follows from it.
//
// A plain function of the log: feeding the same records in the same order gives the same monitor. Arms are compared as
// assigned, whoever answered, so that a fallback cannot hide a failure.
//
// Harm: any guardrail's harm test, a latency test, or the hard limit. The rate of false rollbacks of the tests together
// is at most alpha (split evenly). Safe: every guardrail's safety test and both latency tests; no split is needed where
// all must pass. Invalid: the arms do not get their shares. Otherwise undecided, which never promotes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/json.h"
#include "rollout/evidence/event_test.h"
#include "rollout/evidence/hard_limit.h"
#include "rollout/evidence/latency_test.h"
#include "rollout/evidence/share_check.h"
#include "rollout/evidence/unit_number.h"
#include "rollout/log/records.h"

namespace scale::rollout {

struct MonitorOptions {
    double alpha = 0.05;
    double beta = 0.05;
    double harm_ratio = 1.0;
    double safe_ratio = 1.25;
    double latency_margin = 0.20;  // relative
    std::vector<std::string>
        guardrails;  // server_error, truncated, timeout are seen by the gateway; others come as feedback
    std::uint64_t latency_minimum = 200;
};

enum class EvidenceVerdict { harm, safe, undecided, invalid };
const char* to_string(EvidenceVerdict verdict);

struct ArmCounts {
    std::uint64_t requests = 0;
    std::uint64_t units = 0;
    std::uint64_t failures = 0;                   // requests that the arm did not answer well
    std::map<std::string, std::uint64_t> events;  // units with at least one, per guardrail

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(requests, units, failures, events);
    }
};

// How far the evidence stands at one moment, where to_json gives the farthest that it ever stood.
struct EvidenceLevels {
    std::vector<double> harm;    // ln E now of each guardrail's harm test, in the order of guardrail_names()
    std::vector<double> safety;  // likewise
    double share_check = 0;      // ln of the Bayes factor
    double hard_limit = 0;       // the CUSUM's level

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(harm, safety, share_check, hard_limit);
    }
};

class Monitor {
  public:
    explicit Monitor(const MonitorOptions& options);

    // A request that has ended. Excluded and interrupted ones, and those that say nothing about the server (client
    // errors, clients gone), leave the comparisons alone.
    void finished(const Admit& admit, const Finish& finish);

    // Bad feedback about a request of the experiment; names that are no guardrail are passed over.
    void bad_feedback(const std::string& name, const Admit& admit);
    void bad_feedback(const std::string& name, const Assigned& request);

    EvidenceVerdict verdict() const;
    bool harmed() const;
    std::string sentence() const;  // what the verdict rests on, for people
    bool mismatch() const { return shares_.mismatch(); }
    const ArmCounts& counts(Arm arm) const { return arm == Arm::candidate ? candidate_ : original_; }
    core::Json to_json() const;
    EvidenceLevels levels() const;
    const std::vector<std::string>& guardrail_names() const { return options_.guardrails; }

    const UnitSet& units() const { return units_; }

    // Of a monitor with the same options (checkpoint/state_archive.h).
    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(units_, shares_, hard_limit_, original_, candidate_, first_token_, per_token_);
        archive.subset(first_token_units_, units_);
        archive.subset(per_token_units_, units_);
        for (Guardrail& guardrail : guardrails_) {
            archive(guardrail.harm, guardrail.safety);
            archive.subset(guardrail.units, units_);
        }
    }

  private:
    struct Guardrail {
        std::string name;
        EventTest harm;
        EventTest safety;
        UnitSet units;  // with an event
    };

    double harm_alpha() const;
    void see_unit(const Assigned& request);
    void event(const std::string& name, const Assigned& request);
    void time_request(const Assigned& request, bool streamed, const Finish& finish);
    ArmCounts& of(Arm arm) { return arm == Arm::candidate ? candidate_ : original_; }
    std::vector<std::string> harms() const;

    MonitorOptions options_;
    std::vector<Guardrail> guardrails_;
    LatencyTest first_token_;
    LatencyTest per_token_;
    UnitSet units_;              // seen
    UnitSet first_token_units_;  // timed
    UnitSet per_token_units_;
    ShareCheck shares_;
    HardLimit hard_limit_;
    ArmCounts original_;
    ArmCounts candidate_;
};

// The assigned arm did not answer well, whether or not the other one stood in.
bool arm_failed(const Admit& admit, const Finish& finish);

}  // namespace scale::rollout
