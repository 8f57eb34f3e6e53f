// The distribution part of the gate: divergence, agreement and perplexity on held-out traffic.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "quality/check/decision.h"
#include "quality/gate.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {
namespace {

// Tokens of one text repeat each other's news; without any spread to estimate it from, this many count as one.
constexpr double assumed_token_design_effect = 4;

record::GateCheck new_check(const std::string& endpoint, int tokens, double alpha) {
    record::GateCheck check;
    check.name = endpoint;
    check.category = "distribution";
    check.endpoint = endpoint;
    check.method = "bootstrap over texts, " + level_text(alpha);
    check.n = tokens;
    check.level = alpha;
    return check;
}

template <typename Score>
MeanEstimate estimate(const std::vector<SequenceResult>& sequences, const record::Budget& budget, Score score) {
    std::vector<Cluster> clusters;
    for (const SequenceResult& s : sequences)
        if (!s.kl.empty()) clusters.push_back({score(s), static_cast<double>(s.kl.size())});
    return bootstrap_mean(clusters, budget.alpha, budget.seed);
}

double percentile(std::vector<double> values, double p) {
    if (values.empty()) return 0;
    const auto place = static_cast<std::size_t>(p * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(place), values.end());
    return values[place];
}

record::GateCheck kl_check(const record::Budget& budget, const std::vector<SequenceResult>& sequences, int tokens) {
    record::GateCheck check = new_check("kl_mean", tokens, budget.alpha);
    const auto sum = [](const SequenceResult& s) { return std::accumulate(s.kl.begin(), s.kl.end(), 0.0); };
    // A divergence is never below zero, so "significantly above zero" would say nothing.
    apply_estimate(check, estimate(sequences, budget, sum), budget.kl_mean, budget.alpha, false);
    check.candidate = check.difference;
    std::vector<double> all;
    for (const SequenceResult& s : sequences) all.insert(all.end(), s.kl.begin(), s.kl.end());
    const double highest = all.empty() ? 0 : *std::max_element(all.begin(), all.end());
    const std::string tail = fmt::format("99th percentile {:.4f}, maximum {:.3f} nats", percentile(all, 0.99), highest);
    check.note = check.note.empty() ? tail : check.note + "; " + tail;
    return check;
}

record::GateCheck agreement_check(const record::Budget& budget, const std::vector<SequenceResult>& sequences,
                                  int tokens) {
    record::GateCheck check = new_check("top1_agreement", tokens, budget.alpha);
    const auto differing = [](const SequenceResult& s) { return static_cast<double>(s.kl.size()) - s.same_top; };
    MeanEstimate disagreement = estimate(sequences, budget, differing);
    if (disagreement.mean == 0 && disagreement.clusters >= minimum_clusters) {
        disagreement.upper = 1 - std::pow(budget.alpha, assumed_token_design_effect / tokens);
        check.note = "no disagreement at all: exact binomial limit, four tokens counted as one";
    }
    apply_estimate(check, disagreement, 1 - budget.top1_agreement, budget.alpha, false);
    check.original = 1;
    check.candidate = 1 - check.difference;
    return check;
}

record::GateCheck perplexity_check(const record::Budget& budget, const std::vector<SequenceResult>& sequences,
                                   int tokens) {
    record::GateCheck check = new_check("perplexity_ratio", tokens, budget.alpha);
    const auto increase = [](const SequenceResult& s) { return s.candidate_nll - s.original_nll; };
    const MeanEstimate log_ratio = estimate(sequences, budget, increase);
    apply_estimate(check, log_ratio, std::log(budget.perplexity_ratio), budget.alpha, true);
    // Decided on the logarithm, shown as ratio − 1.
    check.difference = std::expm1(log_ratio.mean);
    check.upper = std::isfinite(log_ratio.upper) ? std::expm1(log_ratio.upper) : no_limit;
    check.margin = budget.perplexity_ratio - 1;
    double original = 0, candidate = 0;
    for (const SequenceResult& s : sequences) {
        original += s.original_nll;
        candidate += s.candidate_nll;
    }
    check.original = std::exp(original / std::max(tokens, 1));
    check.candidate = std::exp(candidate / std::max(tokens, 1));
    return check;
}

// Decided on the mean square, shown as its root.
record::GateCheck rms_check(const record::Budget& budget, const std::vector<SequenceResult>& sequences, int tokens) {
    record::GateCheck check = new_check("rms_dp", tokens, budget.alpha);
    const auto squares = [](const SequenceResult& s) { return s.squared_dp; };
    apply_estimate(check, estimate(sequences, budget, squares), budget.rms_dp * budget.rms_dp, budget.alpha, false);
    for (double* figure : {&check.difference, &check.margin, &check.reachable}) *figure = std::sqrt(*figure);
    if (check.upper < no_limit) check.upper = std::sqrt(std::max(0.0, check.upper));
    check.candidate = check.difference;
    return check;
}

}  // namespace

std::vector<record::GateCheck> distribution_checks(const record::Budget& budget,
                                                   const std::vector<SequenceResult>& sequences) {
    int tokens = 0;
    for (const SequenceResult& s : sequences) tokens += static_cast<int>(s.kl.size());
    if (tokens == 0) {
        record::GateCheck nothing = new_check("kl_mean", 0, budget.alpha);
        nothing.margin = budget.kl_mean;
        nothing.result = result::no_power;
        nothing.note = "no held-out text has a token to score";
        return {nothing};
    }
    std::vector<record::GateCheck> checks{kl_check(budget, sequences, tokens),
                                          agreement_check(budget, sequences, tokens),
                                          perplexity_check(budget, sequences, tokens)};
    if (budget.rms_dp > 0) checks.push_back(rms_check(budget, sequences, tokens));
    for (auto& check : tail_checks(budget, sequences)) checks.push_back(std::move(check));
    for (auto& check : slice_checks(budget, sequences)) checks.push_back(std::move(check));
    return checks;
}

}  // namespace scale::quality
