#include "report/status.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

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

}  // namespace

std::string next_command(const record::Lineage& lineage, Stage stage) {
    if (stage == Stage::calibration && lineage.current(record::kind::calibration_set)) return "scale quantize";
    if (stage == Stage::quality && !lineage.current(record::kind::budget)) return "scale lock --declare";
    if (stage == Stage::quality) return "scale lock";
    if (stage == Stage::rollout)
        return lineage.status(stage).state == StageState::running ? "scale evaluate status" : "scale evaluate start";
    return std::string(record::stage_command(stage));
}

StatusView view_status(const record::Lineage& lineage, std::vector<std::string> changed) {
    StatusView view;
    view.stages = lineage.stages;
    view.changed = lineage.entries.empty() ? std::vector<std::string>{} : std::move(changed);
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
        view.actions.push_back(fmt::format("{}  entry {}  {}  {}  [{}]", entry->time, entry->seq, entry->kind,
                                           describe(*entry), entry->tool));
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
    if (!view.actions.empty()) text += "\nLast actions\n";
    for (const std::string& action : view.actions) text += "  " + one_line(action, 200) + "\n";
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
    return {{"sentence", view.sentence}, {"stage", view.stage},     {"decision", view.decision}, {"stages", stages},
            {"stale", view.stale},       {"changed", view.changed}, {"actions", view.actions},   {"next", view.next}};
}

}  // namespace scale::report
