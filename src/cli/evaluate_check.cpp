// scale evaluate check: whether what stage S was about is still what is served.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "calibration/drift/check.h"
#include "cli/commands.h"
#include "constraint/fingerprint_check.h"
#include "core/error.h"
#include "record/live_log/segment_scan.h"
#include "record/pass.h"
#include "record/reopened.h"
#include "rollout/control/gateway_process.h"
#include "rollout/control/rollout_controller.h"

namespace scale::cli {

namespace {

struct Found {
    record::Reopened now;
    std::vector<std::string> parents;
    std::string traffic;  // one sentence
    std::string verdict;  // of the traffic: "keep", "refresh", "inconclusive", or "not compared" under another model
};

constexpr std::string_view traffic_part = "traffic (";
constexpr std::string_view prompt_part = "system prompt (";

bool is_of_traffic(std::string_view part) {
    return part.starts_with(traffic_part) || part.starts_with(prompt_part);
}

// Figures of the traffic move with every look at it; what has changed is still the same.
std::vector<std::string> without_figures(std::vector<std::string> parts) {
    for (std::string& part : parts)
        if (is_of_traffic(part)) part.erase(part.find('('));
    return parts;
}

// What moved, as parts of stage S: the system prompt by itself, everything else as the traffic.
std::vector<std::string> moved_parts(const record::TrafficCheck& check) {
    std::vector<std::string> parts;
    std::string traffic;
    for (const record::DriftTest& test : check.tests) {
        if (!test.drifted) continue;
        const std::string moved = test.moved.empty() ? "what users write" : test.moved;
        if (test.name == "system prompt")
            parts.push_back(
                fmt::format("{}{})", prompt_part, moved.substr(std::min(moved.size(), test.name.size() + 1))));
        else
            traffic += (traffic.empty() ? "" : "; ") + moved;
    }
    if (!traffic.empty()) parts.push_back(fmt::format("{}{})", traffic_part, traffic));
    return parts;
}

void check_live_log(record::Pass& pass, const record::Lineage& lineage, bool quick, Found& found) {
    const std::filesystem::path log = std::filesystem::path(".scale") / "rollout" / "log";
    const bool logged = !record::segments_of(pass.resolve(log)).empty();
    if (!logged || !lineage.current(record::kind::calibration_set)) {
        found.verdict = "inconclusive";
        found.traffic = logged ? "No calibration set is in force to compare the live traffic with."
                               : "No live traffic is logged yet.";
        return;
    }
    const calibration::LiveCheck live = calibration::check_live_traffic(pass, pass.resolve(log), quick);
    found.traffic = live.check.sentence;
    found.verdict = live.check.tests.empty() && live.check.verdict == "refresh" ? "not compared" : live.check.verdict;
    found.parents.push_back(live.entry_hash);
    const std::vector<std::string> moved = moved_parts(live.check);
    if (live.check.verdict != "refresh" || moved.empty()) return;
    found.now.parts.insert(found.now.parts.end(), moved.begin(), moved.end());
    found.now.traffic_log = log.string();
    found.now.since_ms = live.since_ms;
}

// Traffic of which nothing new can be said stays as it was found before.
void keep_traffic_part(const record::Reopened& before, Found& found) {
    if (found.verdict == "keep" || found.verdict == "refresh" || before.traffic_log.empty()) return;
    for (const std::string& part : before.parts)
        if (is_of_traffic(part)) found.now.parts.push_back(part);
    found.now.traffic_log = before.traffic_log;
    found.now.since_ms = before.since_ms;
}

record::Reopened reopened_before(const record::Lineage& lineage) {
    const record::Entry* entry = record::reopening_of(lineage.entries);
    return entry ? entry->payload.get<record::Reopened>() : record::Reopened{};
}

Ending check(Commands& commands, bool quick) {
    record::Pass pass(commands.global().folder);
    const record::Lineage lineage = pass.lineage();
    const record::Entry* constraint = lineage.current(record::kind::constraint);
    if (!constraint) throw core::refused("stage S is not done", "a constraint to compare with", "scale set");
    const auto recorded = constraint->payload.get<record::Constraint>();
    Found found;
    found.now.parts = constraint::changed_under_rollout(recorded, pass);
    found.now.log_sha256 = recorded.fingerprint.traffic_sha256;
    found.now.by = rollout::person();
    check_live_log(pass, lineage, quick, found);
    const record::Reopened before = reopened_before(lineage);
    keep_traffic_part(before, found);
    const bool news = without_figures(found.now.parts) != without_figures(before.parts);
    if (news) {
        std::vector<std::string> parents{constraint->hash};
        parents.insert(parents.end(), found.parents.begin(), found.parents.end());
        pass.store().append({record::Stage::constraint, record::kind::reopened, parents, core::Json(found.now)});
    }

    Ending ending;
    ending.json = {{"changed", found.now.parts},
                   {"traffic", {{"verdict", found.verdict}, {"sentence", found.traffic}}},
                   {"recorded", news}};
    for (const std::string& part : found.now.parts) ending.text += fmt::format("Changed since stage S: {}\n", part);
    ending.text += found.traffic;
    if (!found.now.parts.empty()) {
        ending.text += "\nStage S is open again; what is served goes on as it is.";
        ending.code = exit_code::fail;
        ending.next = "scale run";
    } else {
        if (news) ending.text += "\nAll is as stage S measured it again.";
        if (found.verdict != "keep") ending.code = exit_code::inconclusive;
        ending.next = "scale evaluate status";
    }
    return ending;
}

}  // namespace

void add_evaluate_check(CLI::App& evaluate, Commands& commands) {
    const auto quick = std::make_shared<bool>(false);
    CLI::App* sub = commands.add(
        evaluate, "check", "has machine, engine, model or live traffic changed since stage S? exit 3 re-opens it",
        "scale evaluate check --quick", [&commands, quick] { return check(commands, *quick); });
    sub->add_flag("--quick", *quick, "compare the inputs only, run no model");
}

}  // namespace scale::cli
