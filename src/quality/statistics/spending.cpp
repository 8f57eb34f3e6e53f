#include "quality/statistics/spending.h"

#include <algorithm>
#include <cmath>

#include "quality/statistics/normal.h"

namespace scale::quality {
namespace {

constexpr double farthest = 8;  // standard deviations, of the paths that are followed
constexpr int intervals = 800;  // of the integration, even (Simpson's rule)

double density(double z) {
    return std::exp(-0.5 * z * z) / std::sqrt(2 * std::acos(-1.0));
}

// The paths of a Brownian motion that have crossed no boundary so far: their density on an even grid.
struct Paths {
    double time = 0;
    double low = 0;
    double high = 0;
    std::vector<double> density;

    double step() const { return (high - low) / intervals; }
    double place(int i) const { return low + step() * i; }
    double weight(int i) const { return step() / 3 * (i == 0 || i == intervals ? 1 : i % 2 ? 4 : 2); }
};

// P(not crossed so far, and beyond `boundary` at `time`).
double crossing(const Paths& paths, double time, double boundary) {
    if (paths.density.empty()) return normal_cdf(-boundary / std::sqrt(time));
    const double deviation = std::sqrt(time - paths.time);
    double total = 0;
    for (int i = 0; i <= intervals; ++i)
        total += paths.weight(i) * paths.density[i] * normal_cdf((paths.place(i) - boundary) / deviation);
    return total;
}

Paths advance(const Paths& paths, double time, double boundary) {
    Paths next;
    next.time = time;
    next.low = -farthest * std::sqrt(time);
    next.high = boundary;
    const double deviation = std::sqrt(time - paths.time);
    for (int j = 0; j <= intervals; ++j) {
        if (paths.density.empty()) {
            next.density.push_back(density(next.place(j) / deviation) / deviation);
            continue;
        }
        double total = 0;
        for (int i = 0; i <= intervals; ++i)
            total += paths.weight(i) * paths.density[i] * density((next.place(j) - paths.place(i)) / deviation);
        next.density.push_back(total / deviation);
    }
    return next;
}

double boundary_for(const Paths& paths, double time, double probability) {
    double low = -farthest, high = farthest;  // in standard deviations at `time`
    for (int step = 0; step < 60; ++step) {
        const double middle = 0.5 * (low + high);
        (crossing(paths, time, middle * std::sqrt(time)) > probability ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

}  // namespace

double alpha_spent(double t, double alpha, const std::string& rule) {
    if (rule == "even") return alpha * t;
    return std::min(alpha, 2 - 2 * normal_cdf(normal_quantile(1 - alpha / 2) / std::sqrt(t)));
}

std::vector<double> look_levels(const std::vector<double>& shares, double alpha, const std::string& rule) {
    std::vector<double> levels;
    Paths paths;
    double before = 0;
    for (const double share : shares) {
        const double spent = share >= 1 ? alpha : alpha_spent(share, alpha, rule);
        const double z = boundary_for(paths, share, spent - before);
        levels.push_back(shares.size() == 1 ? alpha : normal_cdf(-z));
        before = spent;
        if (share < 1) paths = advance(paths, share, z * std::sqrt(share));
    }
    return levels;
}

}  // namespace scale::quality
