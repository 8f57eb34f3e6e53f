#include <algorithm>
#include <cblas.h>
#include <cmath>

#include "core/parallel.h"
#include "quantize/fold/search.h"

namespace scale::quantize {

namespace {

// ‖x̂ Ŵᵀ − x Wᵀ‖² over ‖x Wᵀ‖² on the sampled inputs of one half.
double output_loss(const InputSample& sample, int half, const Probe& probe, std::span<const float> scales,
                   const std::vector<float>& rounded_weights) {
    const std::vector<float>& inputs = sample.rows[static_cast<std::size_t>(half)];
    const int n = sample.columns, tokens = static_cast<int>(inputs.size() / static_cast<std::size_t>(n));
    if (tokens == 0) return 0;
    std::vector<float> rounded_inputs = inputs;
    scale_columns(rounded_inputs, inverse(scales));
    round_tokens(rounded_inputs, n);
    std::vector<float> wanted(static_cast<std::size_t>(tokens) * static_cast<std::size_t>(probe.rows)), got = wanted;
    const auto multiply = [&](const std::vector<float>& x, const std::vector<float>& w, std::vector<float>& y) {
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, tokens, probe.rows, n, 1.0f, x.data(), n, w.data(), n,
                    0.0f, y.data(), probe.rows);
    };
    multiply(inputs, probe.weights, wanted);
    multiply(rounded_inputs, rounded_weights, got);
    double error = 0, power = 1e-30;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const double difference = static_cast<double>(got[i]) - wanted[i];
        error += difference * difference;
        power += static_cast<double>(wanted[i]) * wanted[i];
    }
    return error / power;
}

double smoothing_loss(const FoldQuestion& question, std::span<const Probe> probes,
                      const std::vector<float>& weight_peaks, const double* alpha) {
    double loss = 0;
    for (const int half : {0, 1}) {
        const auto& peaks = question.sample.peaks[static_cast<std::size_t>(half)];
        const std::vector<float> scales = alpha ? smoothing_scales(peaks, weight_peaks, *alpha, question.shared)
                                                : std::vector<float>(peaks.size(), 1.0f);
        const std::vector<float> importance = scaled_diagonal(question.half(half), scales);
        for (const Probe& probe : probes) {
            std::vector<float> weights = probe.weights;
            scale_columns(weights, scales);
            loss += 0.5 * output_loss(question.sample, 1 - half, probe, scales,
                                      round_uniform_nearest(question.grid, weights, probe.rows, importance).decoded());
        }
    }
    return loss / static_cast<double>(probes.size());
}

}  // namespace

void round_tokens(std::vector<float>& rows, int columns) {
    const auto n = static_cast<std::size_t>(columns);
    for (std::size_t first = 0; first < rows.size(); first += n) {
        float peak = 0;
        for (std::size_t j = 0; j < n; ++j) peak = std::max(peak, std::abs(rows[first + j]));
        if (peak == 0) continue;
        const float step = peak / 127.0f;
        for (std::size_t j = 0; j < n; ++j) rows[first + j] = std::nearbyint(rows[first + j] / step) * step;
    }
}

FoldChoice search_smoothing_fold(const FoldQuestion& question, const SolveOptions& options) {
    FoldChoice choice;
    if (!all_finite(question.moments)) return choice;
    const std::vector<Probe> probes = question.probes(options.probe_rows);
    std::vector<float> weight_peaks(static_cast<std::size_t>(question.moments.whole.columns));
    for (const UniformReader& reader : question.readers) {
        const std::vector<float> own = column_peaks(reader.weights, question.moments.whole.columns);
        for (std::size_t i = 0; i < own.size(); ++i) weight_peaks[i] = std::max(weight_peaks[i], own[i]);
    }
    constexpr int steps = 8;  // α = 0.2, 0.3 … 0.9
    std::vector<double> losses(steps + 1);
    const auto alpha_of = [](int step) { return 0.1 * (step + 1); };
    core::run_tasks(steps + 1, options.threads, [&](int step) {
        const double alpha = alpha_of(step);
        losses[static_cast<std::size_t>(step)] =
            smoothing_loss(question, probes, weight_peaks, step == 0 ? nullptr : &alpha);
    });
    const auto best = std::min_element(losses.begin() + 1, losses.end());
    choice.plain_loss = losses.front();
    choice.folded_loss = *best;
    choice.exponent = alpha_of(static_cast<int>(best - losses.begin()));
    if (choice.folded_loss >= choice.plain_loss) return choice;
    std::vector<float> peaks = question.sample.peaks[0];
    for (std::size_t i = 0; i < peaks.size(); ++i) peaks[i] = std::max(peaks[i], question.sample.peaks[1][i]);
    choice.scales = smoothing_scales(peaks, weight_peaks, choice.exponent, question.shared);
    return choice;
}

}  // namespace scale::quantize
