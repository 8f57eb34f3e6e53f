// The tail of the divergence: its 99th and 99.9th percentile over tokens.
#include <cmath>

#include <fmt/format.h>

#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/percentile.h"

namespace scale::quality {
namespace {

record::GateCheck tail_check(const std::string& endpoint, double p, double limit, const record::Budget& budget,
                             const std::vector<std::vector<double>>& texts) {
    const PercentileEstimate tail = percentile_limits(texts, p, budget.alpha);
    record::GateCheck check;
    check.name = check.endpoint = endpoint;
    check.category = "distribution";
    check.method = "order statistics, exact binomial, " + level_text(budget.alpha);
    check.n = tail.n;
    check.clusters = static_cast<int>(texts.size());
    check.level = budget.alpha;
    check.difference = check.candidate = tail.value;
    check.upper = std::isfinite(tail.upper) ? tail.upper : no_limit;
    check.margin = limit;
    check.note = fmt::format("design effect {:.2f} of the texts", tail.design_effect);
    // Above zero it always is, so only a limit beyond the margin is a failure.
    check.result = decide({tail.value, tail.lower, tail.upper, limit, false});
    if (check.result != result::inconclusive) return check;
    if (!std::isfinite(tail.upper)) {
        check.result = result::no_power;
        check.note += fmt::format("; a limit needs {} tokens", tail.needed);
    } else if (tail.value < limit) {
        check.items_needed = 2 * tail.n;
    }
    return check;
}

}  // namespace

std::vector<record::GateCheck> tail_checks(const record::Budget& budget, const std::vector<SequenceResult>& sequences) {
    std::vector<std::vector<double>> texts;
    for (const SequenceResult& s : sequences)
        if (!s.kl.empty()) texts.push_back(s.kl);
    std::vector<record::GateCheck> checks;
    if (budget.kl_p99 > 0) checks.push_back(tail_check("kl_p99", 0.99, budget.kl_p99, budget, texts));
    if (budget.kl_p999 > 0) checks.push_back(tail_check("kl_p999", 0.999, budget.kl_p999, budget, texts));
    return checks;
}

}  // namespace scale::quality
