// The order of the framework, read from the parents of every entry: each stage builds on the newest result of the stage
// above it, as that stood when the entry was written (see lineage.h for the graph).

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/clock.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "record/verify_checks.h"

namespace scale::record {

namespace {

struct Rule {
    Stage stage;
    std::vector<std::string_view> builds_on;  // a parent of each of these kinds, the newest of its kind
};

const std::map<std::string, Rule, std::less<>>& rules() {
    static const std::map<std::string, Rule, std::less<>> table = {
        {kind::constraint, {Stage::constraint, {}}},
        {kind::reopened, {Stage::constraint, {kind::constraint}}},
        {kind::decision, {Stage::choice, {kind::constraint}}},
        {kind::calibration_set, {Stage::calibration, {kind::decision}}},
        {kind::traffic_check, {Stage::calibration, {kind::calibration_set}}},
        {kind::training_mixture, {Stage::calibration, {kind::calibration_set}}},
        {kind::artefact, {Stage::calibration, {kind::calibration_set}}},
        {kind::budget, {Stage::quality, {kind::constraint}}},
        {kind::checkpoint_gate, {Stage::quality, {kind::training_mixture, kind::budget}}},
        {kind::gate_started, {Stage::quality, {kind::artefact, kind::budget}}},
        {kind::verdict, {Stage::quality, {kind::artefact, kind::budget}}},
        {kind::archived, {Stage::rollout, {}}},
        {kind::rollout_started, {Stage::rollout, {kind::verdict}}},
        {kind::rollout_step, {Stage::rollout, {}}},
        {kind::promoted, {Stage::rollout, {}}},
        {kind::rolled_back, {Stage::rollout, {}}},
        {kind::rollout_stopped, {Stage::rollout, {}}},
    };
    return table;
}

class Order {
  public:
    void add(const Entry& entry) {
        check_parents(entry);
        check_time(entry);
        const auto rule = rules().find(entry.kind);
        if (entry.kind == kind::forecast) {
            // Of any stage's step; nothing builds on it.
        } else if (rule == rules().end()) {
            note(entry, fmt::format("kind '{}' is unknown to this program", entry.kind));
        } else {
            check_rule(entry, rule->second);
        }
        by_hash_[entry.hash] = &entry;
        newest_[entry.kind] = &entry;
    }

    std::vector<Finding> faults;

  private:
    void fail(const Entry& entry, const std::string& what) {
        faults.push_back(
            {"order", Outcome::failed, fmt::format("entry {} ({}): {}", entry.seq, entry.kind, what), {entry.seq}});
    }
    void note(const Entry& entry, const std::string& what) {
        faults.push_back({"order", Outcome::note, fmt::format("entry {}: {}", entry.seq, what), {entry.seq}});
    }

    void check_parents(const Entry& entry) {
        for (const std::string& parent : entry.parents)
            if (by_hash_.find(parent) == by_hash_.end())
                fail(entry, fmt::format("its parent {}… is no earlier entry", parent.substr(0, 12)));
    }

    void check_time(const Entry& entry) {
        const core::TimePoint time = core::from_rfc3339(entry.time);
        if (time < last_time_) note(entry, "its time is before that of the entry above it (a clock was set back)");
        last_time_ = std::max(last_time_, time);
    }

    void check_rule(const Entry& entry, const Rule& rule) {
        if (entry.stage != rule.stage) fail(entry, fmt::format("stands under stage {}", stage_name(entry.stage)));
        for (const std::string_view kind : rule.builds_on) check_builds_on(entry, kind);
        if (entry.kind == kind::rollout_started) check_passed(entry);
        const bool follows_start = entry.kind == kind::rollout_step || entry.kind == kind::promoted;
        if (follows_start && newest_.find(kind::rollout_started) == newest_.end())
            fail(entry, "no rollout was started before it");
    }

    void check_builds_on(const Entry& entry, std::string_view kind) {
        const auto parent = newest_.find(kind);
        if (parent == newest_.end()) return fail(entry, fmt::format("there is no {} before it", kind));
        if (std::find(entry.parents.begin(), entry.parents.end(), parent->second->hash) == entry.parents.end())
            fail(entry, fmt::format("does not build on the {} of entry {}", kind, parent->second->seq));
    }

    void check_passed(const Entry& entry) {
        const auto verdict = newest_.find(kind::verdict);
        if (verdict != newest_.end() && verdict->second->payload.value("verdict", "") != "PASS")
            fail(entry, fmt::format("the verdict of entry {} is not PASS", verdict->second->seq));
    }

    std::map<std::string, const Entry*, std::less<>> by_hash_;
    std::map<std::string, const Entry*, std::less<>> newest_;
    core::TimePoint last_time_{};
};

}  // namespace

std::vector<Finding> check_order(const std::vector<Entry>& entries) {
    Order order;
    for (const Entry& entry : entries) order.add(entry);
    return findings_of("order", std::move(order.faults),
                       "every entry builds on the newest result of the stage above it");
}

}  // namespace scale::record
