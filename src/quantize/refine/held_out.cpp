#include "quantize/refine/held_out.h"

#include <algorithm>
#include <cmath>

#include "core/parallel.h"

namespace scale::quantize {

std::vector<Regularisation> default_regularisations() {
    return {{0, 0.01}, {0.05, 0.02}, {0.2, 0.02}, {0.5, 0.02}};
}

bool all_finite(const HalvedMoments& moments) {
    const auto finite = [](const Moments& of) {
        return std::all_of(of.values.begin(), of.values.end(), [](float x) { return std::isfinite(x); });
    };
    return finite(moments.first) && finite(moments.second);
}

std::vector<float> sample_rows(std::span<const float> matrix, int rows, int columns, int wanted) {
    std::vector<float> sample;
    const int count = std::min(rows, wanted);
    for (int i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(static_cast<long long>(i) * rows / count);
        const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * static_cast<std::size_t>(columns));
        sample.insert(sample.end(), first, first + columns);
    }
    return sample;
}

Probe make_probe(std::span<const float> matrix, int rows, const HalvedMoments& moments, int wanted) {
    Probe result;
    result.rows = std::min(rows, wanted);
    result.weights = sample_rows(matrix, rows, moments.whole.columns, wanted);
    for (int half = 0; half < 2; ++half)
        result.power[half] =
            std::max(proxy_loss(half == 0 ? moments.first : moments.second, result.weights, result.rows), 1e-30);
    return result;
}

double held_out_loss(const Probe& probe, const HalvedMoments& moments, int half, std::span<const float> decoded) {
    std::vector<float> errors(decoded.size());
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = probe.weights[i] - decoded[i];
    return proxy_loss(half == 0 ? moments.first : moments.second, errors, probe.rows) / probe.power[half];
}

std::vector<std::vector<double>> held_out_losses(std::span<const Probe> probes, const HalvedMoments& moments,
                                                 std::span<const Regularisation> choices, int threads,
                                                 const ProbeRounder& round) {
    std::vector<std::vector<double>> halves(2 * choices.size(), std::vector<double>(probes.size()));
    core::run_tasks(static_cast<int>(halves.size()), threads, [&](int task) {
        const auto t = static_cast<std::size_t>(task);
        const Regularisation& choice = choices[t / 2];
        const DampedMoments with = damped(t % 2 == 0 ? moments.first : moments.second, choice.shrinkage, choice.ridge);
        for (std::size_t r = 0; r < probes.size(); ++r)
            halves[t][r] = held_out_loss(probes[r], moments, 1 - task % 2, round(r, with));
    });
    std::vector<std::vector<double>> losses(choices.size(), std::vector<double>(probes.size()));
    for (std::size_t c = 0; c < choices.size(); ++c)
        for (std::size_t r = 0; r < probes.size(); ++r) losses[c][r] = 0.5 * (halves[2 * c][r] + halves[2 * c + 1][r]);
    return losses;
}

}  // namespace scale::quantize
