#include "quality/statistics/tango.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "quality/statistics/normal.h"

namespace scale::quality {
namespace {

// The Δ in (−1, 1) at which the score, which falls as Δ grows, crosses `target`.
double invert_score(double n, double base_only, double candidate_only, double target) {
    double low = -1, high = 1;
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (tango_score(n, base_only, candidate_only, middle) > target ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

// For every candidate_only = c, the largest base_only whose score is still ≤ the observed one; −1 for none.
std::vector<int> rejection_region(const PairedCounts& counts, double margin) {
    const double observed = tango_score(counts.n, counts.base_only, counts.candidate_only, margin) + 1e-9;
    std::vector<int> largest(counts.n + 1, -1);
    int b = -1;  // grows with c: the score falls as candidate_only grows
    for (int c = 0; c <= counts.n; ++c) {
        while (b + 1 + c <= counts.n && tango_score(counts.n, b + 1, c, margin) <= observed) ++b;
        largest[c] = std::min(b, counts.n - c);
    }
    return largest;
}

double log_choose(int n, int k) {
    return std::lgamma(n + 1.0) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1.0);
}

// P(Binomial(n, p) ≤ k)
double binomial_at_most(int n, double p, int k) {
    if (k >= n || p <= 0) return 1;
    if (k < 0 || p >= 1) return 0;
    // From k downwards the terms fall once k is below the mode; above it, sum the upper tail instead.
    const bool lower = k < n * p;
    double term = std::exp(log_choose(n, lower ? k : k + 1) + (lower ? k : k + 1) * std::log(p) +
                           (n - (lower ? k : k + 1)) * std::log1p(-p));
    double sum = 0;
    if (lower) {
        for (int i = k; i >= 0 && term > 1e-18; --i) {
            sum += term;
            term *= i * (1 - p) / ((n - i + 1) * p);
        }
        return std::min(sum, 1.0);
    }
    for (int i = k + 1; i <= n && term > 1e-18; ++i) {
        sum += term;
        term *= (n - i) * p / ((i + 1) * (1 - p));
    }
    return std::max(0.0, 1 - sum);
}

double rejection_probability(const std::vector<int>& largest, double margin, double q) {
    const int n = static_cast<int>(largest.size()) - 1;
    const double base_share = std::min(1.0, (q + margin) / (1 - q));  // P(base_only | not candidate_only)
    double total = 0;
    for (int c = 0; c <= n; ++c) {
        const double log_weight = q > 0 ? log_choose(n, c) + c * std::log(q) + (n - c) * std::log1p(-q)
                                        : (c == 0 ? 0.0 : -std::numeric_limits<double>::infinity());
        if (log_weight < -40) {
            if (c > n * q) break;
            continue;
        }
        if (largest[c] >= 0) total += std::exp(log_weight) * binomial_at_most(n - c, base_share, largest[c]);
    }
    return total;
}

}  // namespace

double tango_score(double n, double base_only, double candidate_only, double margin) {
    const double numerator = base_only - candidate_only - n * margin;
    const double a = 2 * n;
    const double b = -base_only - candidate_only + (2 * n - base_only + candidate_only) * margin;
    const double c = -candidate_only * margin * (1 - margin);
    const double root = std::sqrt(std::max(0.0, b * b - 4 * a * c));
    const double q = std::max({0.0, -margin, (root - b) / (2 * a)});
    const double variance = n * (2 * q + margin * (1 - margin));
    if (variance <= 1e-15) return numerator < 0 ? -1e9 : numerator > 0 ? 1e9 : 0;
    return numerator / std::sqrt(variance);
}

double tango_upper(double n, double base_only, double candidate_only, double alpha) {
    return n > 0 ? invert_score(n, base_only, candidate_only, -normal_quantile(1 - alpha)) : 1;
}

double tango_lower(double n, double base_only, double candidate_only, double alpha) {
    return n > 0 ? invert_score(n, base_only, candidate_only, normal_quantile(1 - alpha)) : -1;
}

double exact_noninferiority_p(const PairedCounts& counts, double margin) {
    if (counts.n <= 0) return 1;
    const std::vector<int> largest = rejection_region(counts, margin);
    const double most = 0.5 * (1 - std::abs(margin));
    const double least = std::max(0.0, -margin);
    constexpr int grid = 60;  // cubed steps: the worst q lies near its least value
    constexpr int finer = 8;  // between the neighbours of the worst
    double worst = 0, worst_step = 0;
    const auto look_at = [&](double step) {
        const double p = rejection_probability(largest, margin, least + (most - least) * step * step * step);
        if (p > worst) {
            worst = p;
            worst_step = step;
        }
    };
    for (int i = 0; i <= grid; ++i) look_at(static_cast<double>(i) / grid);
    const double middle = worst_step;
    for (int i = 1 - finer; i < finer; ++i)
        look_at(std::clamp(middle + static_cast<double>(i) / (finer * grid), 0.0, 1.0));
    return worst;
}

double exact_upper(const PairedCounts& counts, double alpha) {
    double low = tango_upper(counts.n, counts.base_only, counts.candidate_only, alpha);
    if (counts.n <= 0 || exact_noninferiority_p(counts, low) <= alpha) return low;
    double high = std::min(1.0, low + 4.0 / counts.n);
    while (high < 1 && exact_noninferiority_p(counts, high) > alpha) high = std::min(1.0, high + 4.0 / counts.n);
    while (high - low > 1e-5) {
        const double middle = 0.5 * (low + high);
        (exact_noninferiority_p(counts, middle) > alpha ? low : high) = middle;
    }
    return high;
}

}  // namespace scale::quality
