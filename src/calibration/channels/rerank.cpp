#include "calibration/channels/rerank.h"

#include <algorithm>

#include "core/random.h"

namespace scale::calibration {

namespace {

constexpr int random_draws = 20;
constexpr std::size_t worst_layers = 5;

std::vector<std::size_t> first_of(const std::vector<Seats>& strata) {
    std::vector<std::size_t> chosen;
    for (const Seats& stratum : strata) {
        const std::size_t count = std::min(stratum.seats, stratum.candidates.size());
        chosen.insert(chosen.end(), stratum.candidates.begin(),
                      stratum.candidates.begin() + static_cast<std::ptrdiff_t>(count));
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

double random_coverage(const std::vector<LayerOutliers>& outliers, std::vector<Seats> strata, std::uint64_t seed) {
    core::Random random(seed, "channel coverage");
    double sum = 0;
    for (int draw = 0; draw < random_draws; ++draw) {
        for (Seats& stratum : strata) random.shuffle(stratum.candidates);
        sum += mean_coverage(channel_coverage(outliers, first_of(strata)));
    }
    return sum / random_draws;
}

}  // namespace

Reranked rerank(const std::vector<LayerOutliers>& outliers, const std::vector<Seats>& strata, const std::string& mode,
                std::uint64_t seed) {
    Reranked result;
    const std::vector<std::size_t> by_topics = first_of(strata);
    result.chosen = mode == "cover" ? cover_channels(outliers, strata) : by_topics;
    result.layers = channel_coverage(outliers, result.chosen);
    result.figures.mode = mode;
    result.figures.layers = static_cast<int>(result.layers.size());
    result.figures.coverage = mean_coverage(result.layers);
    result.figures.by_topics = mean_coverage(channel_coverage(outliers, by_topics));
    result.figures.random = random_coverage(outliers, strata, seed);
    result.figures.worst = result.layers;
    std::stable_sort(result.figures.worst.begin(), result.figures.worst.end(),
                     [](const auto& a, const auto& b) { return a.coverage < b.coverage; });
    result.figures.worst.resize(std::min(worst_layers, result.figures.worst.size()));
    return result;
}

}  // namespace scale::calibration
