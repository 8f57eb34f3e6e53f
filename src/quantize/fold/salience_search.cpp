#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "quantize/fold/search.h"

namespace scale::quantize {

namespace {

// Means over all readers' rows of what `of` gives for one matrix.
template <typename Of>
std::vector<float> over_readers(const FoldQuestion& question, const Of& of) {
    std::vector<float> total(static_cast<std::size_t>(question.moments.whole.columns));
    float rows = 0;
    for (const UniformReader& reader : question.readers) {
        const std::vector<float> own = of(reader.weights);
        for (std::size_t i = 0; i < total.size(); ++i) total[i] += own[i] * static_cast<float>(reader.rows);
        rows += static_cast<float>(reader.rows);
    }
    for (float& value : total) value /= rows;
    return total;
}

struct Salience {
    std::vector<float> weights;
    std::vector<float> scales(const FoldQuestion& question, const Moments& moments, double exponent) const {
        std::vector<float> inputs = diagonal(moments);
        for (float& value : inputs) value = std::sqrt(value);
        return salience_scales(inputs, weights, exponent, question.shared);
    }
};

// Scales from one half; weights rounded to nearest; loss on the other half.
double nearest_loss(const FoldQuestion& question, std::span<const Probe> probes, const Salience& salience,
                    double exponent) {
    double loss = 0;
    for (const int half : {0, 1}) {
        const Moments& own = question.half(half);
        const auto scales = salience.scales(question, own, exponent);
        const std::vector<float> importance = scaled_diagonal(own, scales);
        for (const Probe& probe : probes) {
            std::vector<float> weights = probe.weights;
            scale_columns(weights, scales);
            std::vector<float> decoded =
                round_uniform_nearest(question.grid, weights, probe.rows, importance).decoded();
            scale_columns(decoded, inverse(scales));
            loss += 0.5 * held_out_loss(probe, question.moments, 1 - half, decoded);
        }
    }
    return loss / static_cast<double>(probes.size());
}

// The same with error feedback; no scales: as it is.
double feedback_loss(const FoldQuestion& question, std::span<const Probe> probes, const Salience* salience,
                     double exponent, const SolveOptions& options) {
    constexpr Regularisation usual{0.05, 0.02};
    double losses[2] = {};
    core::run_tasks(2, options.threads, [&](int half) {
        const Moments& own = question.half(half);
        const std::vector<float> scales = salience ? salience->scales(question, own, exponent)
                                                   : std::vector<float>(static_cast<std::size_t>(own.columns), 1.0f);
        const DampedMoments on = damped(scaled_inputs(own, scales), usual.shrinkage, usual.ridge);
        for (const Probe& probe : probes) {
            std::vector<float> weights = probe.weights;
            scale_columns(weights, scales);
            std::vector<float> decoded =
                round_uniform(question.grid, weights, probe.rows, on.moments, on.factors, options.rounding).decoded();
            scale_columns(decoded, inverse(scales));
            losses[half] += held_out_loss(probe, question.moments, 1 - half, decoded);
        }
    });
    return 0.5 * (losses[0] + losses[1]) / static_cast<double>(probes.size());
}

}  // namespace

FoldChoice search_salience_fold(const FoldQuestion& question, const SolveOptions& options) {
    FoldChoice choice;
    if (!all_finite(question.moments)) return choice;
    const std::vector<Probe> probes = question.probes(options.probe_rows);
    const int columns = question.moments.whole.columns, width = question.grid.width(columns);
    const Salience salience{over_readers(
        question, [&](const std::vector<float>& weights) { return mean_salience(weights, columns, width); })};
    constexpr int steps = 10;
    std::vector<double> losses(steps + 1);
    core::run_tasks(steps + 1, options.threads, [&](int step) {
        losses[static_cast<std::size_t>(step)] =
            nearest_loss(question, probes, salience, static_cast<double>(step) / steps);
    });
    choice.exponent = static_cast<double>(std::min_element(losses.begin(), losses.end()) - losses.begin()) / steps;
    choice.plain_loss = feedback_loss(question, probes, nullptr, 0, options);
    choice.folded_loss = feedback_loss(question, probes, &salience, choice.exponent, options);
    if (choice.folded_loss < choice.plain_loss)
        choice.scales = salience.scales(question, question.moments.whole, choice.exponent);
    return choice;
}

}  // namespace scale::quantize
