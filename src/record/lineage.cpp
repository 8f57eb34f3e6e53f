#include "record/lineage.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "record/store.h"

namespace scale::record {

namespace {

bool builds_on(const Entry& entry, const Entry& parent) {
    return std::find(entry.parents.begin(), entry.parents.end(), parent.hash) != entry.parents.end();
}

StageStatus stale(Stage stage, const Entry& own, const std::string& what_changed) {
    return {stage, StageState::stale, fmt::format("entry {} was made before {}", own.seq, what_changed), own.hash};
}

StageStatus open(Stage stage) {
    return {stage, StageState::open, std::string(stage_question(stage)), {}};
}

StageStatus judge_constraint(const Entry* constraint, const Entry* reopened) {
    if (!constraint) return open(Stage::constraint);
    if (reopened) {
        const auto parts = reopened->payload.get<Reopened>().parts;
        return {Stage::constraint, StageState::stale,
                fmt::format("changed since: {} (entry {})", fmt::join(parts, ", "), reopened->seq), constraint->hash};
    }
    return {Stage::constraint, StageState::done, constraint->payload.value("sentence", ""), constraint->hash};
}

StageStatus judge_choice(const Entry* decision, const Entry* constraint) {
    if (!decision) return open(Stage::choice);
    if (!constraint || !builds_on(*decision, *constraint))
        return stale(Stage::choice, *decision, "the constraint was set again");
    return {Stage::choice, StageState::done,
            fmt::format("{}: {}", decision->payload.value("type", ""), decision->payload.value("reason", "")),
            decision->hash};
}

StageStatus judge_calibration(const Entry* set, const Entry* artefact, const Entry* decision, bool choice_done) {
    const Stage stage = Stage::calibration;
    if (!set) return open(stage);
    if (!choice_done || !builds_on(*set, *decision)) return stale(stage, *set, "the type was chosen again");
    const auto samples = set->payload.value("samples", 0);
    if (!artefact || !builds_on(*artefact, *set)) {
        if (artefact)
            return {stage, StageState::stale,
                    fmt::format("artefact of entry {} was made with an earlier calibration set", artefact->seq),
                    set->hash};
        return {stage, StageState::open, fmt::format("{} samples are assembled; the artefact is not made yet", samples),
                set->hash};
    }
    return {stage, StageState::done,
            fmt::format("{} made with {} samples", artefact->payload.value("path", ""), samples), artefact->hash};
}

StageStatus judge_quality(const Entry* verdict, const Entry* budget, const Entry* artefact, const Entry* constraint,
                          bool calibration_done) {
    const Stage stage = Stage::quality;
    const bool budget_current = budget && constraint && builds_on(*budget, *constraint);
    if (!verdict) {
        if (budget && !budget_current) return stale(stage, *budget, "the constraint was set again");
        if (budget) return {stage, StageState::open, "the budget is declared; nothing is measured yet", budget->hash};
        return open(stage);
    }
    if (!calibration_done || !builds_on(*verdict, *artefact))
        return stale(stage, *verdict, "the artefact was made again");
    if (!budget_current) return stale(stage, *verdict, "the constraint was set again");
    if (!builds_on(*verdict, *budget)) return stale(stage, *verdict, "the budget was declared again");
    const std::string result = verdict->payload.value("verdict", "");
    const StageState state = result == "PASS"           ? StageState::done
                             : result == "INCONCLUSIVE" ? StageState::inconclusive
                                                        : StageState::failed;
    return {stage, state, verdict->payload.value("sentence", result), verdict->hash};
}

const Entry* newest_of(const std::vector<Entry>& entries, std::initializer_list<const char*> kinds) {
    const Entry* newest = nullptr;
    for (const char* kind : kinds) {
        const Entry* entry = latest(entries, kind);
        if (entry && (!newest || entry->seq > newest->seq)) newest = entry;
    }
    return newest;
}

StageStatus judge_rollout(const std::vector<Entry>& entries, const Entry* verdict, bool quality_done) {
    const Stage stage = Stage::rollout;
    const Entry* started = latest(entries, kind::rollout_started);
    if (!started) return open(stage);
    if (!quality_done || !builds_on(*started, *verdict)) return stale(stage, *started, "the verdict of stage L");
    const Entry* last = newest_of(
        entries, {kind::rollout_started, kind::rollout_step, kind::promoted, kind::rolled_back, kind::rollout_stopped});
    const std::string reason = last->payload.value("reason", "");
    const std::string suffix = reason.empty() ? "" : ": " + reason;
    if (last->kind == kind::promoted) return {stage, StageState::done, "promoted" + suffix, last->hash};
    if (last->kind == kind::rolled_back) return {stage, StageState::failed, "rolled back" + suffix, last->hash};
    if (last->kind == kind::rollout_stopped) return {stage, StageState::open, "stopped" + suffix, last->hash};
    return {stage, StageState::running, "the slice is open" + suffix, last->hash};
}

}  // namespace

std::string_view state_name(StageState state) {
    switch (state) {
        case StageState::open:
            return "open";
        case StageState::done:
            return "done";
        case StageState::failed:
            return "failed";
        case StageState::inconclusive:
            return "inconclusive";
        case StageState::stale:
            return "stale";
        case StageState::running:
            return "running";
    }
    return "open";
}

Lineage judge(std::vector<Entry> entries) {
    Lineage lineage;
    lineage.entries = std::move(entries);
    const auto& all = lineage.entries;
    const Entry* constraint = latest(all, kind::constraint);
    const Entry* decision = latest(all, kind::decision);
    const Entry* set = latest(all, kind::calibration_set);
    const Entry* artefact = latest(all, kind::artefact);
    const Entry* budget = latest(all, kind::budget);
    const Entry* verdict = latest(all, kind::verdict);
    const auto done = [&](Stage stage) { return lineage.status(stage).state == StageState::done; };
    lineage.stages.push_back(judge_constraint(constraint, reopening_of(all)));
    lineage.stages.push_back(judge_choice(decision, constraint));
    lineage.stages.push_back(judge_calibration(set, artefact, decision, done(Stage::choice)));
    lineage.stages.push_back(judge_quality(verdict, budget, artefact, constraint, done(Stage::calibration)));
    lineage.stages.push_back(judge_rollout(all, verdict, done(Stage::quality)));
    return lineage;
}

const StageStatus& Lineage::status(Stage stage) const {
    return stages.at(static_cast<std::size_t>(stage));
}

const Entry* Lineage::current(std::string_view kind) const {
    const Entry* entry = latest(entries, kind);
    if (!entry) return nullptr;
    const auto built_on = [&](const char* parent_kind) {
        const Entry* parent = latest(entries, parent_kind);
        return parent && builds_on(*entry, *parent) && current(parent_kind) != nullptr;
    };
    if (kind == kind::decision) return built_on(kind::constraint) ? entry : nullptr;
    if (kind == kind::calibration_set) return built_on(kind::decision) ? entry : nullptr;
    if (kind == kind::artefact) return built_on(kind::calibration_set) ? entry : nullptr;
    if (kind == kind::budget) return built_on(kind::constraint) ? entry : nullptr;
    if (kind == kind::verdict) return built_on(kind::artefact) && built_on(kind::budget) ? entry : nullptr;
    if (kind == kind::rollout_started) return built_on(kind::verdict) ? entry : nullptr;
    return entry;
}

void Lineage::require_done(Stage stage) const {
    for (const Stage earlier : all_stages) {
        if (earlier > stage) return;
        const StageStatus& found = status(earlier);
        if (found.state == StageState::done) continue;
        std::string command(stage_command(earlier));
        if (earlier == Stage::calibration && current(kind::calibration_set)) command = "scale quantize";
        if (earlier == Stage::quality && !current(kind::budget)) command = "scale lock --declare";
        throw core::refused(fmt::format("stage {} ({}) is {}: {}", stage_letter(earlier), stage_name(earlier),
                                        state_name(found.state), found.why),
                            fmt::format("the stages in order; {} comes first", stage_title(earlier)), command);
    }
}

std::optional<Stage> Lineage::next() const {
    for (const StageStatus& found : stages)
        if (found.state != StageState::done) return found.stage;
    return std::nullopt;
}

}  // namespace scale::record
