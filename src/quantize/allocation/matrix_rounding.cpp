#include "quantize/allocation/matrix_rounding.h"

#include <algorithm>
#include <cblas.h>
#include <cmath>
#include <cstring>

#include "core/parallel.h"

namespace scale::quantize {

namespace {

// The middle of the refinement's candidates (tensor_refiner.h); few tokens need the stronger shrinkage.
constexpr double shrinkage = 0.2;
constexpr double ridge = 0.02;
constexpr RoundingOptions cheap{1, true};
constexpr int tile_rows = 64;

std::size_t product(int a, int b) {
    return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

std::vector<int> probe_rows(int rows) {
    const int count = std::min(rows, std::clamp(rows / 128, 24, 96));
    std::vector<int> probes;
    for (int i = 0; i < count; ++i) probes.push_back(static_cast<int>(static_cast<long long>(i) * rows / count));
    return probes;
}

}  // namespace

MatrixRounder::MatrixRounder(const Moments& made_on, Moments judged_on) {
    auto moments = std::make_shared<WithMoments>();
    moments->judged_on = std::move(judged_on);
    moments->damped = regularised(made_on, shrinkage, ridge);
    moments->factors = factorise(moments->damped);
    moments_ = std::move(moments);
}

std::vector<float> MatrixRounder::decoded(const Grid& grid, std::span<const float> rows, int count, int columns) const {
    if (moments_) return round_with_feedback(grid, rows, count, moments_->damped, moments_->factors, cheap).decoded;
    const std::vector<float> uniform(static_cast<std::size_t>(columns), 1.0f);
    return round_nearest(grid, rows, count, uniform).decoded;
}

// E H Eᵀ of every row on its own.
std::vector<double> MatrixRounder::row_errors(std::span<const float> errors, int rows, int columns) const {
    std::vector<float> weighted(errors.begin(), errors.end());
    if (moments_)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, columns, columns, 1.0f, errors.data(), columns,
                    moments_->judged_on.values.data(), columns, 0.0f, weighted.data(), columns);
    std::vector<double> sums(static_cast<std::size_t>(rows));
    for (std::size_t i = 0; i < errors.size(); ++i)
        sums[i / static_cast<std::size_t>(columns)] += static_cast<double>(weighted[i]) * errors[i];
    return sums;
}

double MatrixRounder::row_power(const float* row, int columns) const {
    double sum = 0;
    for (int j = 0; j < columns; ++j)
        sum += static_cast<double>(row[j]) * row[j] * (moments_ ? moments_->judged_on.at(j, j) : 1.0f);
    return sum;
}

std::vector<double> MatrixRounder::errors(std::span<const Grid* const> grids, const WeightRows& matrix,
                                          int threads) const {
    const int columns = matrix.columns;
    const std::vector<int> probes = probe_rows(matrix.rows);
    const int count = static_cast<int>(probes.size());
    const auto cost = [&](int row) {
        return matrix.row_costs.empty() ? 1.0 : static_cast<double>(matrix.row_costs[static_cast<std::size_t>(row)]);
    };
    std::vector<float> sample;
    double sampled_power = 0;
    for (const int row : probes) {
        const float* first = matrix.weights.data() + product(row, columns);
        sample.insert(sample.end(), first, first + columns);
        sampled_power += cost(row) * row_power(first, columns);
    }
    double all_power = 1;  // without costs the result is a share
    if (!matrix.row_costs.empty()) {
        all_power = 0;
        for (int row = 0; row < matrix.rows; ++row)
            all_power += cost(row) * row_power(matrix.weights.data() + product(row, columns), columns);
    }
    std::vector<double> results(grids.size());
    core::run_tasks(static_cast<int>(grids.size()), threads, [&](int task) {
        const auto g = static_cast<std::size_t>(task);
        std::vector<float> difference = decoded(*grids[g], sample, count, columns);
        for (std::size_t i = 0; i < sample.size(); ++i) difference[i] = sample[i] - difference[i];
        const std::vector<double> sums = row_errors(difference, count, columns);
        double error = 0;
        for (std::size_t i = 0; i < sums.size(); ++i) error += cost(probes[i]) * sums[i];
        results[g] = sampled_power > 0 ? error / sampled_power * all_power : 0;
    });
    return results;
}

std::vector<float> MatrixRounder::rounded(const Grid& grid, const WeightRows& matrix, int threads) const {
    std::vector<float> values(matrix.weights.size());
    core::run_tasks((matrix.rows + tile_rows - 1) / tile_rows, threads, [&](int tile) {
        const std::size_t first = product(tile * tile_rows, matrix.columns);
        const int count = std::min(tile_rows, matrix.rows - tile * tile_rows);
        const std::vector<float> part =
            decoded(grid, matrix.weights.subspan(first, product(count, matrix.columns)), count, matrix.columns);
        std::copy(part.begin(), part.end(), values.begin() + static_cast<std::ptrdiff_t>(first));
    });
    return values;
}

}  // namespace scale::quantize
