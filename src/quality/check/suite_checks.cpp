// The task part of the gate: accuracy with headroom, gold loss in its place, agreement, and the expected accuracy of
// all items pooled.
#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "quality/check/accuracy.h"
#include "quality/check/decision.h"
#include "quality/check/paired_items.h"
#include "quality/gate.h"
#include "record/pass_fields.h"

namespace scale::quality {
namespace {

constexpr const char* consistency = "consistency";

std::vector<ItemResult> with_scores(const std::vector<ItemResult>& items) {
    std::vector<ItemResult> scored;
    for (const ItemResult& item : items)
        if (!item.original.empty()) scored.push_back(item);
    return scored;
}

record::GateCheck gold_loss_check(const std::string& suite, const std::vector<ItemResult>& items,
                                  const record::Budget& budget) {
    const GoldLosses losses = gold_losses(items);
    record::GateCheck check;
    check.name = check.category = suite;
    check.endpoint = "gold_loss";
    check.method = "paired cluster bootstrap, " + level_text(budget.alpha);
    check.n = static_cast<int>(items.size());
    check.original = losses.original;
    check.candidate = losses.candidate;
    apply_estimate(check, bootstrap_mean(losses.increase, budget.alpha, budget.seed), budget.likelihood_nats,
                   budget.alpha, true);
    const MeanEstimate signal = bootstrap_mean(losses.signal, budget.alpha, budget.seed);
    check.chance = losses.original - signal.mean;
    if (!(signal.upper < 0)) {
        check.result = result::no_power;
        check.items_needed = 0;
        check.note = fmt::format("the original's loss of {:.3f} nats is not below that of a guess, {:.3f}",
                                 losses.original, check.chance);
    }
    return check;
}

// The design effect of a pool is that of each suite, weighted by the variance it brings (n·σ² of the paired
// difference). One analysis of variance over all would take clusters of a quiet suite against single items of a lively
// one.
class PooledEffect {
  public:
    void add(const std::vector<PairedOutcome>& outcomes, double effect) {
        double sum = 0, squares = 0;
        for (const PairedOutcome& o : outcomes) {
            const double difference = static_cast<double>(o.original) - static_cast<double>(o.candidate);
            sum += difference;
            squares += difference * difference;
        }
        const double n = static_cast<double>(outcomes.size());
        const double variance = squares - sum * sum / n;
        variance_ += variance;
        weighted_ += variance * effect;
        items_ += n;
        by_items_ += n * effect;
    }
    double value() const { return variance_ > 0 ? weighted_ / variance_ : items_ > 0 ? by_items_ / items_ : 1; }

  private:
    double variance_ = 0, weighted_ = 0, items_ = 0, by_items_ = 0;
};

// The expected accuracy: what the model would score if it drew its answer among the options by its own probabilities.
// Unlike the share of right answers it has no jumps at near ties, so its paired difference varies about ten times less.
record::GateCheck overall_check(const std::vector<ItemResult>& items, const record::GateCheck& accuracy,
                                const record::Budget& budget) {
    record::GateCheck check;
    check.name = check.category = "overall";
    check.endpoint = "expected_accuracy";
    check.method = "paired cluster bootstrap, " + level_text(budget.alpha);
    check.margin = budget.points / 100;
    if (items.empty()) {
        check.result = result::no_power;
        check.note = "no suite's accuracy counts";
        return check;
    }
    const GoldProbabilities probabilities = gold_probabilities(items);
    check.n = static_cast<int>(items.size());
    check.original = probabilities.original;
    check.candidate = probabilities.candidate;
    check.chance = accuracy.chance;
    check.base_only = accuracy.base_only;
    check.candidate_only = accuracy.candidate_only;
    apply_estimate(check, bootstrap_mean(probabilities.loss, budget.alpha, budget.seed), check.margin, budget.alpha,
                   true);
    check.note = fmt::format("right answers: {:.2f} % and {:.2f} %, a loss of {:.2f} points, below {:.2f} at {:g} %",
                             100 * accuracy.original, 100 * accuracy.candidate, 100 * accuracy.difference,
                             100 * accuracy.upper, 100 * (1 - budget.alpha));
    return check;
}

}  // namespace

double suite_margin(const record::Budget& budget, const std::string& suite) {
    const auto found = budget.suites.find(suite);
    return (found == budget.suites.end() ? default_suite_margin : found->second) / 100;
}

std::vector<record::GateCheck> suite_checks(const record::Budget& budget, const std::vector<ItemResult>& items) {
    std::map<std::string, std::vector<ItemResult>> suites;
    for (const ItemResult& item : items) suites[item.suite].push_back(item);
    std::vector<record::GateCheck> checks;
    std::vector<PairedOutcome> pooled;
    std::vector<ItemResult> counting;
    PooledEffect pooled_effect;
    int next_cluster = 0;
    for (const std::string& suite : record::suite_names()) {
        const auto found = suites.find(suite);
        if (found == suites.end()) continue;
        const bool pairs = found->first == consistency;
        const auto outcomes = pairs ? agreement(found->second) : correctness(found->second);
        if (outcomes.empty()) continue;
        const double margin = suite_margin(budget, suite);
        const double effect = difference_design_effect(outcomes);
        record::GateCheck check = accuracy_check(suite, outcomes, effect, margin, budget.alpha);
        if (pairs) check.endpoint = "agreement";
        const bool counts = has_headroom(outcomes, check.chance, margin, budget.alpha);
        if (!counts) withdraw(check);
        checks.push_back(check);
        const std::vector<ItemResult> scored = with_scores(found->second);
        if (!counts && !pairs && !scored.empty()) checks.push_back(gold_loss_check(suite, scored, budget));
        if (!counts || pairs) continue;
        pooled_effect.add(outcomes, effect);
        int last = 0;
        for (ItemResult item : found->second) {
            item.cluster += next_cluster;
            counting.push_back(std::move(item));
        }
        for (PairedOutcome outcome : outcomes) {
            last = std::max(last, outcome.cluster);
            outcome.cluster += next_cluster;
            pooled.push_back(outcome);
        }
        next_cluster += last + 1;
    }
    if (checks.empty()) return checks;
    record::GateCheck accuracy;
    if (!pooled.empty())
        accuracy = accuracy_check("overall", pooled, pooled_effect.value(), budget.points / 100, budget.alpha);
    checks.push_back(overall_check(counting, accuracy, budget));
    return checks;
}

}  // namespace scale::quality
