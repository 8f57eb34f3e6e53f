// Suites that another program scored on both models, by what the budget declared of them.
#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "quality/check/accuracy.h"
#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {
namespace {

// Right or wrong is judged as such; anything between (F1, log likelihoods) as a mean.
record::GateCheck judge_suite(const record::ImportedSuite& suite, const std::vector<const ImportedScore*>& scores,
                              const record::Budget& budget) {
    const bool binary = std::all_of(scores.begin(), scores.end(), [](const ImportedScore* score) {
        const auto whole = [](double value) { return value == 0 || value == 1; };
        return whole(score->original) && whole(score->candidate);
    });
    record::GateCheck check;
    if (binary) {
        std::vector<PairedOutcome> outcomes;
        for (const ImportedScore* score : scores)
            outcomes.push_back({static_cast<int>(outcomes.size()), (score->original == 1) != suite.smaller,
                                (score->candidate == 1) != suite.smaller, 0});
        check = accuracy_check("imported", outcomes, 1, suite.margin / 100, budget.alpha);
        // Chance is not known of a foreign task; zero makes the rule weaker, never a failure.
        if (!has_headroom(outcomes, 0, suite.margin / 100, budget.alpha)) withdraw(check);
    } else {
        std::vector<Cluster> losses;
        for (const ImportedScore* score : scores) {
            losses.push_back({(score->original - score->candidate) * (suite.smaller ? -1 : 1), 1});
            check.original += score->original / static_cast<double>(scores.size());
            check.candidate += score->candidate / static_cast<double>(scores.size());
        }
        check.endpoint = "score";
        check.method = "paired bootstrap, " + level_text(budget.alpha);
        check.n = static_cast<int>(scores.size());
        apply_estimate(check, bootstrap_mean(losses, budget.alpha, budget.seed), suite.margin, budget.alpha, true);
    }
    check.name = fmt::format("{} {}{}", suite.task, suite.metric, suite.filter == "none" ? "" : " " + suite.filter);
    check.category = "imported";
    return check;
}

}  // namespace

std::vector<record::GateCheck> imported_checks(const record::Budget& budget,
                                               const std::vector<ImportedScore>& imported) {
    std::vector<record::GateCheck> checks;
    for (const record::ImportedSuite& suite : budget.imports) {
        std::vector<const ImportedScore*> scores;
        for (const ImportedScore& score : imported)
            if (score.task == suite.task) scores.push_back(&score);
        if (!scores.empty()) {
            checks.push_back(judge_suite(suite, scores, budget));
            continue;
        }
        record::GateCheck missing;
        missing.name = suite.task;
        missing.category = "imported";
        missing.endpoint = "score";
        missing.level = budget.alpha;
        missing.result = result::inconclusive;
        missing.note = "declared, but no scores were given";
        checks.push_back(missing);
    }
    return checks;
}

}  // namespace scale::quality
