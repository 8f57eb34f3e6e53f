#include "engine/logit_rows.h"

#include <algorithm>
#include <cmath>

#include "core/vector_math.h"

namespace scale::engine {

namespace {

using core::double_lane_count;
using core::DoubleLanes;
using core::exp_lanes;
using core::load_as_double;

constexpr double least = -700;  // what is so far below the highest logit counts as impossible

struct Sums {
    double p = 0;         // Σ e^(x − X)
    double q = 0;         // Σ e^(y − Y)
    double weighted = 0;  // Σ e^(x − X) · ((x − X) − (y − Y))
};

SCALE_CLONES double sum_of_exponentials(const float* row, std::size_t count, double highest) {
    DoubleLanes lanes{};
    std::size_t i = 0;
    for (; i + double_lane_count <= count; i += double_lane_count)
        lanes += exp_lanes(load_as_double(row + i) - highest);
    double sum = core::sum(lanes);
    for (; i < count; ++i) sum += std::exp(static_cast<double>(row[i]) - highest);
    return sum;
}

SCALE_CLONES Sums sums_of(const float* p, const float* q, std::size_t count, double highest_p, double highest_q) {
    DoubleLanes in_p{}, in_q{}, weighted{};
    std::size_t i = 0;
    for (; i + double_lane_count <= count; i += double_lane_count) {
        const DoubleLanes x = load_as_double(p + i) - highest_p, y = load_as_double(q + i) - highest_q;
        const DoubleLanes e = exp_lanes(x);
        in_p += e;
        in_q += exp_lanes(y);
        const DoubleLanes term = e * (x - y);
        weighted += x > least ? term : DoubleLanes{};
    }
    Sums sums{core::sum(in_p), core::sum(in_q), core::sum(weighted)};
    for (; i < count; ++i) {
        const double x = static_cast<double>(p[i]) - highest_p, y = static_cast<double>(q[i]) - highest_q;
        const double e = std::exp(x);
        sums.p += e;
        sums.q += std::exp(y);
        sums.weighted += x > least ? e * (x - y) : 0;
    }
    return sums;
}

SCALE_CLONES double highest(const float* row, std::size_t count) {
    return static_cast<double>(core::highest_of(row, count));
}

}  // namespace

double log_normaliser(std::span<const float> row) {
    const double top = highest(row.data(), row.size());
    return top + std::log(sum_of_exponentials(row.data(), row.size(), top));
}

RowDivergence row_divergence(std::span<const float> p, std::span<const float> q) {
    const double top_p = highest(p.data(), p.size()), top_q = highest(q.data(), q.size());
    const Sums sums = sums_of(p.data(), q.data(), p.size(), top_p, top_q);
    // With P = e^(x − X) / Z, Q = e^(y − Y) / W:  KL = Σ P·((x − X) − (y − Y)) − ln Z + ln W.
    const double kl = sums.weighted / sums.p - std::log(sums.p) + std::log(sums.q);
    return {kl < 0 ? 0.0 : kl, top_p + std::log(sums.p), top_q + std::log(sums.q)};
}

}  // namespace scale::engine
