#include "quality/noise.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "quality/check/paired_items.h"
#include "quality/choice.h"
#include "quality/gate.h"
#include "quality/statistics/bootstrap.h"
#include "quality/statistics/normal.h"
#include "record/gate_endpoint.h"

namespace scale::quality {
namespace {

// The upper limit of the change's absolute value; 0 without items.
double largest_change(const std::vector<Cluster>& changes, double alpha) {
    double sum = 0, weight = 0, squares = 0;
    for (const Cluster& change : changes) {
        sum += change.sum;
        weight += change.weight;
        squares += change.sum * change.sum;
    }
    if (weight <= 0) return 0;
    return std::abs(sum) / weight + normal_quantile(1 - alpha / 2) * std::sqrt(squares) / weight;
}

double floor_of(const record::GateCheck& check, const record::NoiseFloor& noise) {
    if (check.endpoint == "kl_mean" || check.endpoint == "kl_mean_slice") return noise.kl_mean;
    if (check.endpoint == "kl_p99" || check.endpoint == "kl_p999") return noise.kl_max;
    if (check.endpoint == "top1_agreement") return noise.disagreement;
    if (check.endpoint == "perplexity_ratio") return std::expm1(noise.log_perplexity);
    if (check.endpoint == "rms_dp") return noise.rms_dp;
    if (check.category == "imported" || check.category == "behaviour") return 0;
    if (check.endpoint == "gold_loss") return noise.gold_loss_change;
    return record::counts_in_points(check) ? noise.accuracy_change : 0;
}

}  // namespace

record::NoiseFloor noise_floor(const Measurements& measured, const std::string& how, const record::Budget& budget) {
    record::NoiseFloor noise;
    noise.how = how;
    double log_perplexity = 0, squares = 0, kl = 0;
    int differing = 0;
    for (const SequenceResult& s : measured.sequences) {
        noise.tokens += static_cast<int>(s.kl.size());
        for (const double token : s.kl) {
            kl += token;
            noise.kl_max = std::max(noise.kl_max, token);
        }
        differing += static_cast<int>(s.kl.size()) - s.same_top;
        log_perplexity += s.candidate_nll - s.original_nll;
        squares += s.squared_dp;
    }
    const double tokens = std::max(1, noise.tokens);
    noise.kl_mean = kl / tokens;
    noise.disagreement = differing / tokens;
    noise.log_perplexity = std::abs(log_perplexity) / tokens;
    noise.rms_dp = std::sqrt(squares / tokens);
    std::vector<ItemResult> scored;
    for (const ItemResult& item : measured.items)
        if (!item.original.empty()) scored.push_back(item);
    noise.items = static_cast<int>(scored.size());
    for (const ItemResult& item : scored) noise.flips += chosen(item.original) != chosen(item.candidate);
    noise.accuracy_change = largest_change(gold_probabilities(scored).loss, budget.alpha);
    noise.gold_loss_change = largest_change(gold_losses(scored).increase, budget.alpha);
    return noise;
}

void apply_noise(std::vector<record::GateCheck>& checks, const record::NoiseFloor& noise) {
    if (noise.how.empty()) return;
    for (record::GateCheck& check : checks) {
        check.noise = floor_of(check, noise);
        if (check.noise <= check.margin / 2) continue;
        if (check.result == result::fail && check.difference > check.margin + check.noise) continue;
        check.result = result::no_power;
        check.items_needed = 0;
        check.note += fmt::format("{}the original differs from itself by {:.2g}, more than half the margin",
                                  check.note.empty() ? "" : "; ", check.noise);
    }
}

std::string describe(const record::NoiseFloor& noise) {
    if (noise.how.empty()) return "the noise floor was not measured";
    return fmt::format(
        "noise floor, the original against itself ({}): KL {:.2g} nats a token at {} tokens (at most {:.2g}), {:.2f} % "
        "of first choices differ; {} of {} items answered otherwise, expected accuracy within {:.3f} points",
        noise.how, noise.kl_mean, noise.tokens, noise.kl_max, 100 * noise.disagreement, noise.flips, noise.items,
        100 * noise.accuracy_change);
}

std::string describe(const record::ServedMeasurement& served) {
    if (served.original.empty()) return "distributions and forced choices measured by the engine";
    return fmt::format(
        "distributions and forced choices measured by the servers {} and {}, {}; against the engine, over {} tokens: "
        "the original's server off by a mean |Δ log p| of {:.4f} nats (at most {:g}), the candidate's by {:.4f}; the "
        "models themselves differ by {:.4f}",
        served.original, served.candidate,
        served.whole ? "the whole vocabulary at every place"
                     : fmt::format("the {} most likely tokens at every place", served.top_tokens),
        served.tokens, served.original_off, served.limit, served.candidate_off, served.between);
}

}  // namespace scale::quality
