#include "cli/changed_parts.h"

#include <utility>

#include <fmt/format.h>

#include "constraint/fingerprint_check.h"
#include "core/error.h"
#include "record/payload.h"
#include "record/reopened.h"
#include "record/store.h"

namespace scale::cli {

std::vector<std::string> changed_since_constraint(const std::filesystem::path& folder, const record::Lineage& lineage) {
    const record::Entry* entry = record::latest(lineage.entries, record::kind::constraint);
    if (!entry || !std::filesystem::exists(folder / "scale.toml")) return {};
    try {
        return constraint::changed_parts(entry->payload.get<record::Constraint>(), record::Pass(folder));
    } catch (const core::Error& problem) {
        return {"cannot be compared: " + problem.found()};
    }
}

StandingOfRollout standing_of_rollout(const record::Pass& pass) {
    const record::Lineage lineage = pass.lineage();
    StandingOfRollout standing;
    const record::Entry* constraint = lineage.current(record::kind::constraint);
    if (!constraint) return standing;
    try {
        standing.changed = constraint::changed_under_rollout(constraint->payload.get<record::Constraint>(), pass);
    } catch (const core::Error& problem) {
        standing.changed = {"cannot be compared: " + problem.found()};
    }
    standing.changed = record::with_reopening(lineage.entries, std::move(standing.changed));
    const record::Entry* set = lineage.current(record::kind::calibration_set);
    const record::Entry* check = record::latest(lineage.entries, record::kind::traffic_check);
    if (!set || !check || check->seq < set->seq) {
        standing.traffic = "live traffic was not compared with the calibration set yet: scale evaluate check";
    } else {
        const auto found = check->payload.get<record::TrafficCheck>();
        standing.traffic = fmt::format("traffic, compared {} (entry {}): {}{}", check->time.substr(0, 16), check->seq,
                                       found.verdict, found.sentence.empty() ? "" : "; " + found.sentence);
    }
    return standing;
}

}  // namespace scale::cli
