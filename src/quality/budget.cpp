#include "quality/budget.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "quality/gate.h"
#include "quality/items.h"
#include "quality/lm_eval/import.h"
#include "quality/looks.h"
#include "record/pass_fields.h"

namespace scale::quality {
namespace {

// Budgets under which a gate has started on these bytes.
std::vector<record::Budget> budgets_in_use(const record::Lineage& lineage, const std::string& artefact_sha256) {
    std::vector<record::Budget> used;
    for (const record::Entry& started : lineage.entries) {
        if (started.kind != record::kind::gate_started) continue;
        const auto gate = started.payload.get<record::GateStarted>();
        if (gate.artefact_sha256 != artefact_sha256) continue;
        for (const record::Entry& entry : lineage.entries)
            if (entry.hash == gate.budget) used.push_back(entry.payload.get<record::Budget>());
    }
    return used;
}

void check_margins(const record::Budget& budget) {
    for (const auto& [suite, margin] : budget.suites) {
        const auto& known = record::suite_names();
        if (std::find(known.begin(), known.end(), suite) == known.end())
            throw core::input_error("[budget.suites] names '" + suite + "'",
                                    fmt::format("one of {}", fmt::join(known, ", ")));
    }
}

void require_not_loosened(const record::Lineage& lineage, const record::Budget& budget) {
    const record::Entry* artefact = record::latest(lineage.entries, record::kind::artefact);
    if (!artefact) return;
    for (const record::Budget& earlier : budgets_in_use(lineage, artefact->payload.value("sha256", ""))) {
        const auto changes = loosened(earlier, budget);
        if (changes.empty()) continue;
        throw core::refused(fmt::format("this budget is looser than one under which this artefact was measured: {}",
                                        fmt::join(changes, "; ")),
                            "the same margins or tighter ones; more items are always allowed",
                            "restore [budget] in scale.toml, or choose another type: scale choose");
    }
}

int slice_strictness(const std::string& rule) {
    return rule == "require" ? 2 : rule == "watch" ? 1 : 0;
}

bool still_imported(const record::ImportedSuite& suite, const std::vector<record::ImportedSuite>& later) {
    return std::any_of(later.begin(), later.end(), [&](const record::ImportedSuite& other) {
        return other.task == suite.task && other.metric == suite.metric && other.filter == suite.filter &&
               other.smaller == suite.smaller && other.margin <= suite.margin;
    });
}

}  // namespace

record::Budget complete(record::Budget budget) {
    for (const std::string& suite : record::suite_names()) budget.suites.emplace(suite, default_suite_margin);
    // What a stock mix of about the mean's size shows in the tail (docs/measurements/gate-simulation.md), with room.
    if (budget.kl_p99 <= 0) budget.kl_p99 = 15 * budget.kl_mean;
    if (budget.kl_p999 <= 0) budget.kl_p999 = 60 * budget.kl_mean;
    if (budget.rms_dp <= 0) budget.rms_dp = std::min(1.0, 0.4 * std::sqrt(budget.kl_mean));
    if (budget.looks > 1) budget.items_cap = most_items(budget);
    return budget;
}

record::Budget as_declared(const record::PassFile& file, const record::Budget& declared) {
    record::Budget budget = complete(file.budget);
    budget.imports = parse_imports(file.quality.lm_eval);
    budget.items_sha256 = declared.items_sha256;
    budget.baseline_sha256 = declared.baseline_sha256;
    budget.template_sha256 = declared.template_sha256;
    budget.took = declared.took;
    return budget;
}

std::vector<std::string> loosened(const record::Budget& earlier, const record::Budget& later) {
    std::vector<std::string> changes;
    const auto compare = [&](const std::string& name, double before, double now, bool higher_is_looser) {
        if (higher_is_looser ? now > before : now < before)
            changes.push_back(fmt::format("{} went from {:g} to {:g}", name, before, now));
    };
    compare("alpha", earlier.alpha, later.alpha, true);
    compare("points", earlier.points, later.points, true);
    for (const std::string& suite : record::suite_names())
        compare(suite, 100 * suite_margin(earlier, suite), 100 * suite_margin(later, suite), true);
    compare("likelihood_nats", earlier.likelihood_nats, later.likelihood_nats, true);
    compare("kl_mean", earlier.kl_mean, later.kl_mean, true);
    compare("top1_agreement", earlier.top1_agreement, later.top1_agreement, false);
    compare("perplexity_ratio", earlier.perplexity_ratio, later.perplexity_ratio, true);
    const auto limit = [](double value) { return value > 0 ? value : std::numeric_limits<double>::infinity(); };
    compare("kl_p99", limit(earlier.kl_p99), limit(later.kl_p99), true);
    compare("kl_p999", limit(earlier.kl_p999), limit(later.kl_p999), true);
    compare("rms_dp", limit(earlier.rms_dp), limit(later.rms_dp), true);
    compare("slices", slice_strictness(earlier.slices), slice_strictness(later.slices), false);
    compare("slice_factor", earlier.slice_factor, later.slice_factor, true);
    compare("length_ratio", earlier.length_ratio, later.length_ratio, true);
    compare("behaviour_points", earlier.behaviour_points, later.behaviour_points, true);
    for (const record::ImportedSuite& suite : earlier.imports)
        if (!still_imported(suite, later.imports))
            changes.push_back(fmt::format("{} {} {} at {:g} is gone or looser", suite.task, suite.metric, suite.filter,
                                          suite.margin));
    compare("items", earlier.items, later.items, false);
    compare("kl_tokens", static_cast<double>(earlier.kl_tokens), static_cast<double>(later.kl_tokens), false);
    compare("context", earlier.context, later.context, false);
    if (earlier.scoring != later.scoring)
        changes.push_back(fmt::format("[quality] went from {} to {}, which scores otherwise",
                                      core::canonical(earlier.scoring), core::canonical(later.scoring)));
    if (earlier.seed != later.seed)
        changes.push_back(fmt::format("seed went from {} to {}, which draws other items", earlier.seed, later.seed));
    return changes;
}

Declaration declare_budget(record::Pass& pass) {
    const record::WorkLock lock(pass.folder(), "scale lock --declare");
    const record::Lineage lineage = pass.lineage();
    lineage.require_done(record::Stage::constraint);
    Declaration declaration;
    declaration.budget = as_declared(pass.file(), {});
    check_margins(declaration.budget);
    const auto constraint = lineage.current(record::kind::constraint)->payload.get<record::Constraint>();
    declaration.budget.baseline_sha256 = constraint.fingerprint.model_sha256;
    declaration.budget.template_sha256 = constraint.fingerprint.template_sha256;
    declaration.budget.items_sha256 =
        store_items(pass, declaration.budget,
                    pass.original(constraint.model_path.empty() ? pass.file().model.path : constraint.model_path),
                    constraint.stakes == "low", pass.work_folder() / "lock.log");
    if (const record::Entry* current = lineage.current(record::kind::budget)) {
        const auto in_force = current->payload.get<record::Budget>();
        declaration.budget.took = in_force.took;
        if (core::Json(in_force) == core::Json(declaration.budget)) {
            declaration.hash = current->hash;
            declaration.unchanged = true;
            return declaration;
        }
    }
    require_not_loosened(lineage, declaration.budget);
    declaration.budget.took = lock.took();
    declaration.hash = pass.store()
                           .append({record::Stage::quality,
                                    record::kind::budget,
                                    {lineage.current(record::kind::constraint)->hash},
                                    declaration.budget})
                           .hash;
    return declaration;
}

}  // namespace scale::quality
