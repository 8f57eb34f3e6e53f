#include "report/status.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "record/reopened.h"
#include "record/store.h"
#include "report/describe.h"

namespace scale::report {

namespace {

using record::Stage;
using record::StageState;

constexpr std::size_t actions_shown = 5;

// Changed facts under the pass make what was built on the old ones stale, though the record itself is in order.
void reopen(std::vector<record::StageStatus>& stages, const std::vector<std::string>& changed) {
    if (changed.empty()) return;
    for (record::StageStatus& status : stages) {
        if (status.state == StageState::open) continue;
        status.state = StageState::stale;
        status.why = status.stage == Stage::constraint ? fmt::format("changed since: {}", fmt::join(changed, ", "))
                                                       : "stage S is open again";
    }
}

// The record's tool names program, engine and user, in that order.
std::string user_of(const std::string& tool) {
    const std::size_t comma = tool.rfind(", ");
    return comma == std::string::npos ? tool : tool.substr(comma + 2);
}

std::vector<std::string> warnings_of(const record::Lineage& lineage, const std::string& now) {
    std::vector<std::string> warnings;
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    if (!set) return warnings;
    const std::string expiry = set->payload.value("expires_at", "");
    if (!now.empty() && !expiry.empty() && expiry <= now)
        warnings.push_back(
            fmt::format("the calibration set expired on {}: scale assemble makes a new one", expiry.substr(0, 10)));
    const record::Entry* check = record::latest(lineage.entries, record::kind::traffic_check);
    if (!check || check->seq < set->seq) return warnings;
    const std::string sentence = check->payload.value("sentence", "");
    if (check->payload.value("verdict", "") == "refresh")
        warnings.push_back("the traffic check asks for a new set: " + sentence);
    if (check->payload.value("look", false)) warnings.push_back("the traffic check asks for a look: " + sentence);
    return warnings;
}

core::Json to_json(const Action& action) {
    return {{"entry", action.entry},
            {"time", action.time},
            {"who", action.who},
            {"kind", action.kind},
            {"what", action.what}};
}

// "2026-11-24 12:03  ada  verdict  PASS (entry 7)", in columns.
std::string table_of(const std::vector<Action>& actions) {
    std::size_t who = 0;
    std::size_t kind = 0;
    for (const Action& action : actions) {
        who = std::max(who, one_line(action.who, 24).size());
        kind = std::max(kind, action.kind.size());
    }
    std::string text;
    for (const Action& action : actions) {
        std::string minute = visible(action.time.substr(0, 16));
        std::replace(minute.begin(), minute.end(), 'T', ' ');
        const std::string what = one_line(action.what, 120);
        text += fmt::format("  {}  {:<{}}  {:<{}}  {}{}(entry {})\n", minute, one_line(action.who, 24), who,
                            one_line(action.kind, 40), kind, what, what.empty() ? "" : " ", action.entry);
    }
    return text;
}

}  // namespace

std::string next_command(const record::Lineage& lineage, Stage stage) {
    if (stage == Stage::calibration && lineage.current(record::kind::calibration_set)) return "scale quantize";
    if (stage == Stage::quality && !lineage.current(record::kind::budget)) return "scale lock --declare";
    if (stage == Stage::quality) return "scale lock";
    if (stage == Stage::rollout)
        return lineage.status(stage).state == StageState::running ? "scale evaluate status" : "scale evaluate start";
    return std::string(record::stage_command(stage));
}

StatusView view_status(const record::Lineage& lineage, std::vector<std::string> changed, const std::string& now) {
    StatusView view;
    view.warnings = warnings_of(lineage, now);
    view.stages = lineage.stages;
    if (!lineage.entries.empty()) view.changed = record::with_reopening(lineage.entries, std::move(changed));
    reopen(view.stages, view.changed);
    if (const record::Entry* constraint = record::latest(lineage.entries, record::kind::constraint))
        view.sentence = constraint->payload.value("sentence", "");
    const auto open = std::find_if(view.stages.begin(), view.stages.end(),
                                   [](const auto& status) { return status.state != StageState::done; });
    if (open == view.stages.end()) {
        view.next = "scale report";
    } else {
        view.stage = record::stage_name(open->stage);
        view.decision = record::stage_question(open->stage);
        view.next = next_command(lineage, open->stage);
    }
    for (const record::StageStatus& status : view.stages)
        if (status.state == StageState::stale)
            view.stale.push_back(fmt::format("{} {}: {}", record::stage_letter(status.stage),
                                             record::stage_name(status.stage), status.why));
    const auto& entries = lineage.entries;
    for (auto entry = entries.rbegin(); entry != entries.rend() && view.actions.size() < actions_shown; ++entry)
        if (entry->kind != record::kind::forecast)
            view.actions.push_back({entry->seq, entry->time, user_of(entry->tool), entry->kind, describe(*entry)});
    return view;
}

std::string to_text(const StatusView& view) {
    std::string text = view.sentence.empty() ? "No constraint is set yet.\n" : one_line(view.sentence, 400) + "\n";
    text += "\n";
    for (const record::StageStatus& status : view.stages)
        text +=
            fmt::format("  {}  {:<28} {:<13} {}\n", record::stage_letter(status.stage),
                        record::stage_title(status.stage), record::state_name(status.state), one_line(status.why, 200));
    text += "\n";
    if (view.stage.empty()) {
        text += "Every stage is done.\n";
    } else {
        text += fmt::format("On the table (stage {}): {}\n", view.stage, view.decision);
    }
    for (const std::string& part : view.changed)
        text += fmt::format("Changed since stage S: {}\n", one_line(part, 200));
    for (const std::string& stale : view.stale) text += fmt::format("Stale: {}\n", one_line(stale, 220));
    for (const std::string& warning : view.warnings) text += fmt::format("Note: {}\n", one_line(warning, 220));
    if (!view.actions.empty()) text += "\nLast actions\n" + table_of(view.actions);
    text.pop_back();
    return text;
}

core::Json to_json(const StatusView& view) {
    core::Json stages = core::Json::array();
    for (const record::StageStatus& status : view.stages)
        stages.push_back({{"stage", record::stage_name(status.stage)},
                          {"letter", std::string(1, record::stage_letter(status.stage))},
                          {"state", record::state_name(status.state)},
                          {"why", status.why}});
    core::Json actions = core::Json::array();
    for (const Action& action : view.actions) actions.push_back(to_json(action));
    return {{"sentence", view.sentence}, {"stage", view.stage},       {"decision", view.decision},
            {"stages", stages},          {"stale", view.stale},       {"changed", view.changed},
            {"actions", actions},        {"warnings", view.warnings}, {"next", view.next}};
}

}  // namespace scale::report
