#include "quantize/examine/halves.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace scale::quantize {

namespace {

double median_of(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// Of every channel that both halves have seen and that is not silent.
std::vector<double> differences_of(const engine::InputMoments& even, const engine::InputMoments& odd) {
    std::vector<double> differences;
    if (even.counts.size() != odd.counts.size() || even.sum_of_squares.size() != odd.sum_of_squares.size())
        return differences;
    const std::size_t columns = even.sum_of_squares.size() / std::max<std::size_t>(1, even.counts.size());
    for (std::size_t e = 0; e < even.counts.size(); ++e) {
        if (even.counts[e] == 0 || odd.counts[e] == 0) continue;
        for (std::size_t c = e * columns; c < (e + 1) * columns; ++c) {
            const double a = even.sum_of_squares[c] / static_cast<double>(even.counts[e]);
            const double b = odd.sum_of_squares[c] / static_cast<double>(odd.counts[e]);
            if (a + b > 0) differences.push_back(2 * std::abs(a - b) / (a + b));
        }
    }
    return differences;
}

}  // namespace

engine::Statistics sum_of(engine::Statistics a, const engine::Statistics& b) {
    for (const auto& [layer, moments] : b) {
        const auto [found, fresh] = a.emplace(layer, moments);
        if (fresh) continue;
        engine::InputMoments& sum = found->second;
        for (std::size_t c = 0; c < sum.sum_of_squares.size(); ++c) sum.sum_of_squares[c] += moments.sum_of_squares[c];
        for (std::size_t e = 0; e < sum.counts.size(); ++e) sum.counts[e] += moments.counts[e];
    }
    return a;
}

record::StatisticsStability stability_of(const engine::Statistics& even, const engine::Statistics& odd,
                                         std::uint64_t samples) {
    record::StatisticsStability stability;
    stability.samples = samples;
    stability.limit = stable_difference;
    std::vector<double> all;
    for (const auto& [layer, moments] : even) {
        const auto other = odd.find(layer);
        if (other == odd.end()) continue;
        std::vector<double> differences = differences_of(moments, other->second);
        if (differences.empty()) continue;
        const double difference = median_of(std::move(differences));
        stability.by_layer[layer] = difference;
        all.push_back(difference);
        if (difference >= stable_difference) ++stability.unstable;
        if (difference < stability.worst) continue;
        stability.worst = difference;
        stability.worst_layer = layer;
    }
    stability.layers = static_cast<int>(all.size());
    if (all.empty()) return stability;
    stability.median = median_of(std::move(all));
    stability.error = stability.median / 2;
    const double ratio = stability.worst / stable_difference;
    if (stability.unstable > 0)
        stability.needed = static_cast<std::uint64_t>(std::ceil(static_cast<double>(samples) * ratio * ratio)) + 1;
    return stability;
}

std::string sentence_on(const record::StatisticsStability& stability) {
    if (stability.layers == 0) return "The set is too small to compare the statistics of its halves.";
    std::string text = fmt::format(
        "Statistics of the even and the odd samples differ by {:.1f} % in the median layer and {:.1f} % in the worst, "
        "{} (median over channels, measured); those of all {} samples are off by about {:.1f} % in the median layer "
        "(estimated: half the difference). ",
        100 * stability.median, 100 * stability.worst, stability.worst_layer, stability.samples, 100 * stability.error);
    if (stability.unstable == 0)
        return text + fmt::format("Enough samples: every layer is below {:.0f} %.", 100 * stability.limit);
    return text + fmt::format(
                      "Not enough for the limit of {:.0f} % in {} of {} layers; about {} samples would be "
                      "(estimated: the difference falls with the root of their number).",
                      100 * stability.limit, stability.unstable, stability.layers, stability.needed);
}

}  // namespace scale::quantize
