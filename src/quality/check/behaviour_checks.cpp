// How the candidate answers in its own words, beside whether it is right: length, answers cut at the limit, loops,
// refusals. A quantised model that reasons in circles scores well for a while and costs twice the tokens.
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "quality/check/accuracy.h"
#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {
namespace {

constexpr const char* category = "behaviour";

struct AnswerPair {
    int cluster = 0;
    const Answer* original = nullptr;
    const Answer* candidate = nullptr;
};

// Clusters are numbered within a suite; here they have to be apart between suites.
std::vector<AnswerPair> pairs_of(const std::vector<ItemResult>& items) {
    std::map<std::pair<std::string, int>, int> clusters;
    std::vector<AnswerPair> pairs;
    for (const ItemResult& item : items) {
        if (!item.original_answer.given || !item.candidate_answer.given) continue;
        const auto cluster = clusters.try_emplace({item.suite, item.cluster}, static_cast<int>(clusters.size())).first;
        pairs.push_back({cluster->second, &item.original_answer, &item.candidate_answer});
    }
    return pairs;
}

// A habit that the candidate should not have more often: "right" is an answer without it.
record::GateCheck habit_check(const std::string& name, bool Answer::*habit, const std::vector<AnswerPair>& pairs,
                              const record::Budget& budget) {
    std::vector<PairedOutcome> outcomes;
    for (const AnswerPair& pair : pairs)
        outcomes.push_back({pair.cluster, !(pair.original->*habit), !(pair.candidate->*habit), 0});
    record::GateCheck check =
        accuracy_check(name, outcomes, difference_design_effect(outcomes), budget.behaviour_points / 100, budget.alpha);
    check.category = category;
    check.endpoint = "habit";
    check.original = 1 - check.original;
    check.candidate = 1 - check.candidate;
    return check;
}

// The mean number of tokens against the original's; `sign` +1 tests for longer answers, −1 for shorter ones.
record::GateCheck length_check(const std::string& name, int sign, double margin, const std::vector<AnswerPair>& pairs,
                               const record::Budget& budget) {
    double original = 0, candidate = 0;
    for (const AnswerPair& pair : pairs) {
        original += pair.original->tokens / static_cast<double>(pairs.size());
        candidate += pair.candidate->tokens / static_cast<double>(pairs.size());
    }
    std::map<int, Cluster> clusters;
    for (const AnswerPair& pair : pairs) {
        Cluster& cluster = clusters[pair.cluster];
        cluster.sum += sign * (pair.candidate->tokens - pair.original->tokens) / std::max(original, 1.0);
        cluster.weight += 1;
    }
    std::vector<Cluster> list;
    for (const auto& [number, cluster] : clusters) list.push_back(cluster);
    record::GateCheck check;
    check.name = name;
    check.category = category;
    check.endpoint = "length";
    check.method = "paired cluster bootstrap, " + level_text(budget.alpha);
    check.n = static_cast<int>(pairs.size());
    check.original = original;
    check.candidate = candidate;
    apply_estimate(check, bootstrap_mean(list, budget.alpha, budget.seed), margin, budget.alpha, true);
    return check;
}

}  // namespace

std::vector<record::GateCheck> behaviour_checks(const record::Budget& budget, const std::vector<ItemResult>& items) {
    const std::vector<AnswerPair> pairs = pairs_of(items);
    if (pairs.empty()) return {};
    return {length_check("longer answers", 1, budget.length_ratio - 1, pairs, budget),
            length_check("shorter answers", -1, 1 - 1 / budget.length_ratio, pairs, budget),
            habit_check("answers cut at the limit", &Answer::capped, pairs, budget),
            habit_check("repetitive answers", &Answer::repetitive, pairs, budget),
            habit_check("refusals", &Answer::refused, pairs, budget)};
}

}  // namespace scale::quality
