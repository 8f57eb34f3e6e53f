// Confidence limits of a mean over clustered units, by the studentised cluster bootstrap.
//
// Tokens of one text, and questions on one document, are not independent, so whole clusters are drawn. Every resample's
// mean is divided by its own linearised standard error (bootstrap-t; Davison and Hinkley, Bootstrap Methods and their
// Application, 1997, §5.2), because KL divergences are strongly skewed and plain percentiles give upper limits that are
// too low on a few dozen texts. On k clusters of skewed values even these pass a little too often (8 instead of 5 % at
// k = 24), so the upper limit is made at α·k / (k + 30); bench/gate_simulation.cpp shows what comes of it.
#pragma once

#include <cstdint>
#include <vector>

namespace scale::quality {

struct Cluster {
    double sum = 0;     // of the scores of its units
    double weight = 0;  // number of units, > 0
};

struct MeanEstimate {
    double mean = 0;            // Σ sum / Σ weight
    double standard_error = 0;  // between clusters
    double lower = 0;           // one-sided limits, each at 1 − α
    double upper = 0;
    int clusters = 0;
};

// Below this many clusters no limit can be trusted: lower is −infinity, upper +infinity.
inline constexpr int minimum_clusters = 8;

MeanEstimate bootstrap_mean(const std::vector<Cluster>& clusters, double alpha, std::uint64_t seed,
                            int resamples = 4000);

}  // namespace scale::quality
