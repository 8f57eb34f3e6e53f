#include "quality/check/accuracy.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/design_effect.h"
#include "quality/statistics/mcnemar.h"
#include "quality/statistics/sample_size.h"
#include "quality/statistics/tango.h"

namespace scale::quality {
namespace {

double share(const std::vector<PairedOutcome>& outcomes, bool PairedOutcome::*side) {
    const auto right = std::count_if(outcomes.begin(), outcomes.end(), [&](const auto& o) { return o.*side; });
    return static_cast<double>(right) / static_cast<double>(std::max<std::size_t>(outcomes.size(), 1));
}

int items_needed(const record::GateCheck& check, double effect, double alpha) {
    const double discordance = std::max(1.0, 1.0 * check.base_only + check.candidate_only) / check.n;
    const int independent =
        paired_sample_size({discordance, std::max(0.0, check.difference), check.margin, alpha, 0.8});
    return static_cast<int>(std::min(1e9, std::ceil(independent * effect)));
}

// A design effect makes fractions of the counts; each is rounded to the side of caution.
PairedCounts effective_counts(const record::GateCheck& check, double effect) {
    PairedCounts counts;
    counts.n = static_cast<int>(check.n / effect);
    counts.base_only = std::min(counts.n, static_cast<int>(std::ceil(check.base_only / effect)));
    counts.candidate_only = std::min(counts.n - counts.base_only, static_cast<int>(check.candidate_only / effect));
    return counts;
}

}  // namespace

double difference_design_effect(const std::vector<PairedOutcome>& outcomes) {
    std::vector<ClusteredValue> differences;
    for (const PairedOutcome& o : outcomes)
        differences.push_back({o.cluster, static_cast<double>(o.original) - static_cast<double>(o.candidate)});
    return design_effect(differences);
}

bool has_headroom(const std::vector<PairedOutcome>& outcomes, double chance, double margin, double alpha) {
    std::vector<ClusteredValue> right;
    for (const PairedOutcome& o : outcomes) right.push_back({o.cluster, static_cast<double>(o.original)});
    const double effective = static_cast<double>(outcomes.size()) / design_effect(right);
    return wilson_lower(share(outcomes, &PairedOutcome::original), effective, alpha) >= chance + 2 * margin;
}

record::GateCheck accuracy_check(const std::string& name, const std::vector<PairedOutcome>& outcomes, double effect,
                                 double margin, double alpha) {
    record::GateCheck check;
    check.name = check.category = name;
    check.endpoint = "accuracy";
    check.method = "Tango score, exact size, " + level_text(alpha);
    check.n = static_cast<int>(outcomes.size());
    check.margin = margin;
    check.original = share(outcomes, &PairedOutcome::original);
    check.candidate = share(outcomes, &PairedOutcome::candidate);
    std::map<int, int> clusters;
    for (const PairedOutcome& o : outcomes) {
        check.base_only += o.original && !o.candidate;
        check.candidate_only += !o.original && o.candidate;
        check.chance += o.chance / static_cast<double>(outcomes.size());
        ++clusters[o.cluster];
    }
    check.clusters = static_cast<int>(clusters.size());
    check.difference = static_cast<double>(check.base_only - check.candidate_only) / check.n;
    const PairedCounts counts = effective_counts(check, effect);
    check.upper = exact_upper(counts, alpha);
    const double lower = tango_lower(counts.n, counts.base_only, counts.candidate_only, alpha);
    const bool alarm = mcnemar_worse(counts.base_only, counts.candidate_only) < alpha;
    check.level = alpha;
    const double discordance = std::max(1.0, 1.0 * check.base_only + check.candidate_only) / check.n;
    check.reachable = reachable_margin(std::sqrt(discordance * effect / check.n), alpha);
    check.result = decide({check.difference, lower, check.upper, margin, alarm});
    if (check.result == result::inconclusive) check.items_needed = items_needed(check, effect, alpha);
    if (effect > 1) check.note = fmt::format("design effect {:.2f} of the clusters", effect);
    if (mcnemar_worse(counts.candidate_only, counts.base_only) < alpha / 10)
        check.note += std::string(check.note.empty() ? "" : "; ") + "the candidate is better beyond chance: look why";
    return check;
}

void withdraw(record::GateCheck& check) {
    check.result = result::no_power;
    check.items_needed = 0;
    check.note = fmt::format("the original scores {:.3f}, too near chance ({:.3f}) to lose {:.1f} points twice over",
                             check.original, check.chance, 100 * check.margin);
}

}  // namespace scale::quality
