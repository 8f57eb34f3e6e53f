// The mean divergence in every stratum of the traffic: a loss on one kind of request must not hide in the whole.
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {
namespace {

struct Slice {
    std::vector<Cluster> texts;
    int tokens = 0;
};

std::map<std::string, Slice> slices_of(const std::vector<SequenceResult>& sequences) {
    std::map<std::string, Slice> slices;
    for (const SequenceResult& s : sequences) {
        if (s.kl.empty() || s.stratum.empty()) continue;
        Slice& slice = slices[s.stratum];
        slice.texts.push_back({std::accumulate(s.kl.begin(), s.kl.end(), 0.0), static_cast<double>(s.kl.size())});
        slice.tokens += static_cast<int>(s.kl.size());
    }
    return slices;
}

}  // namespace

std::vector<record::GateCheck> slice_checks(const record::Budget& budget,
                                            const std::vector<SequenceResult>& sequences) {
    const auto slices = slices_of(sequences);
    std::vector<record::GateCheck> checks;
    if (budget.slices == "off" || slices.size() < 2) return checks;
    // A required slice is one more comparison of the intersection–union test, at the full level. A watched one may only
    // fail, and the chance that any of them fails falsely is kept at alpha together (Bonferroni).
    const bool required = budget.slices == "require";
    const double level = required ? budget.alpha : budget.alpha / static_cast<double>(slices.size());
    for (const auto& [stratum, slice] : slices) {
        record::GateCheck check;
        check.name = fmt::format("kl_mean of {}", stratum);
        check.category = "distribution";
        check.endpoint = "kl_mean_slice";
        check.method = "bootstrap over texts, " + level_text(level);
        check.n = slice.tokens;
        apply_estimate(check, bootstrap_mean(slice.texts, level, budget.seed), budget.slice_factor * budget.kl_mean,
                       level, false);
        check.candidate = check.difference;
        const bool too_few = static_cast<int>(slice.texts.size()) < minimum_clusters;
        if (check.result == result::inconclusive && (too_few || !required)) {
            check.result = result::no_power;
            if (!too_few) check.note = fmt::format("watched: undecided, {} tokens would decide", check.items_needed);
            check.items_needed = 0;
        }
        checks.push_back(std::move(check));
    }
    return checks;
}

}  // namespace scale::quality
