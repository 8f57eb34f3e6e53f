#include "quality/statistics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/random.h"

namespace scale::quality {
namespace {

constexpr double few_clusters = 30;

struct Moments {
    double mean = 0;
    double standard_error = 0;
};

// `drawn` are indices into `clusters`, with repetition.
Moments ratio_moments(const std::vector<Cluster>& clusters, const std::vector<std::size_t>& drawn) {
    double sum = 0, weight = 0;
    for (const std::size_t i : drawn) {
        sum += clusters[i].sum;
        weight += clusters[i].weight;
    }
    const double mean = sum / weight;
    double residuals = 0;
    for (const std::size_t i : drawn) {
        const double residual = clusters[i].sum - mean * clusters[i].weight;
        residuals += residual * residual;
    }
    const double count = static_cast<double>(drawn.size());
    return {mean, std::sqrt(residuals * count / (count - 1)) / weight};
}

double quantile(std::vector<double>& sorted, double p) {
    const double position = p * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const std::size_t above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

MeanEstimate bootstrap_mean(const std::vector<Cluster>& clusters, double alpha, std::uint64_t seed, int resamples) {
    MeanEstimate estimate;
    estimate.clusters = static_cast<int>(clusters.size());
    estimate.lower = -std::numeric_limits<double>::infinity();
    estimate.upper = std::numeric_limits<double>::infinity();
    if (clusters.size() < 2) {
        if (!clusters.empty()) estimate.mean = clusters[0].sum / clusters[0].weight;
        return estimate;
    }
    std::vector<std::size_t> drawn(clusters.size());
    std::iota(drawn.begin(), drawn.end(), std::size_t{0});
    const Moments observed = ratio_moments(clusters, drawn);
    estimate.mean = observed.mean;
    estimate.standard_error = observed.standard_error;
    if (estimate.clusters < minimum_clusters) return estimate;
    if (observed.standard_error <= 0) {
        estimate.lower = estimate.upper = observed.mean;
        return estimate;
    }
    core::Random random(seed, "cluster bootstrap");
    std::vector<double> studentised;
    studentised.reserve(resamples);
    for (int r = 0; r < resamples; ++r) {
        for (std::size_t& index : drawn) index = random.below(clusters.size());
        const Moments resample = ratio_moments(clusters, drawn);
        const double shift = resample.mean - observed.mean;
        // A resample without spread says nothing about the scale of its own error.
        if (resample.standard_error > 0.02 * observed.standard_error)
            studentised.push_back(shift / resample.standard_error);
    }
    std::sort(studentised.begin(), studentised.end());
    if (studentised.empty()) return estimate;
    const double count = static_cast<double>(clusters.size());
    const double cautious = alpha * count / (count + few_clusters);
    estimate.upper = observed.mean - quantile(studentised, cautious) * observed.standard_error;
    estimate.lower = observed.mean - quantile(studentised, 1 - alpha) * observed.standard_error;
    return estimate;
}

}  // namespace scale::quality
