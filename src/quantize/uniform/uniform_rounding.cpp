#include "quantize/uniform/uniform_rounding.h"

#include <algorithm>
#include <cblas.h>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "core/lanes.h"

namespace scale::quantize {

namespace {

using core::lane_count;
using core::Lanes;
using core::load;

constexpr int block_columns = 128;  // compensated one by one inside, by matrix products beyond

// A run of neighbouring columns inside one group.
struct Block {
    int first;
    int end;
    int group;
    bool opens_group;
    int width() const { return end - first; }
};

std::vector<Block> blocks_of(int columns, int width) {
    std::vector<Block> blocks;
    for (int first = 0; first < columns;) {
        const int group = first / width;
        const int end = std::min({first + block_columns, (group + 1) * width});
        blocks.push_back({first, end, group, first == group * width});
        first = end;
    }
    return blocks;
}

// to[k] -= factor · from[k] over whole vectors that hold [first, end); both have multiples of 16 columns.
SCALE_INLINE void subtract(float* to, float factor, const float* from, int first, int end) {
    for (int k = first / lane_count * lane_count; k < end; k += lane_count) {
        const Lanes difference = load(to + k) - factor * load(from + k);
        std::memcpy(to + k, &difference, sizeof difference);
    }
}

struct Work {
    const UniformGrid& grid;
    UniformMatrix& matrix;
    std::vector<float> decoded;  // rows × columns

    std::size_t at(int row, int column) const {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.columns) +
               static_cast<std::size_t>(column);
    }
    GroupScale& scale_of(int row, int group) {
        return matrix.scales[static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.groups()) +
                             static_cast<std::size_t>(group)];
    }
};

// The block of one row; scaled errors (w − ŵ) / U_jj go to `errors` for the columns to the right.
SCALE_CLONES void round_block(Work& work, const FeedbackFactors& factors, const Block& block, int row, float* weights,
                              float* errors) {
    GroupScale& scale = work.scale_of(row, block.group);
    const auto width = static_cast<std::size_t>(work.matrix.width);
    if (block.opens_group)
        scale = fit_group(work.grid, {weights + block.first, width}, {factors.importance.data() + block.first, width});
    const auto n = static_cast<std::size_t>(factors.columns);
    for (int column = block.first; column < block.end; ++column) {
        const float* upper = factors.upper.data() + static_cast<std::size_t>(column) * n;
        const std::size_t i = work.at(row, column);
        const int code = nearest_code(work.grid, scale, weights[column]);
        work.matrix.codes[i] = static_cast<std::uint8_t>(code);
        work.decoded[i] = scale.value(code);
        const float error = (weights[column] - work.decoded[i]) / upper[column];
        errors[column - block.first] = error;
        subtract(weights, error, upper, column + 1, block.end);  // columns that are done do not matter
    }
}

// to[:, from…] −= change × H[block, from…] for `count` columns from `from` on.
void carry(int rows, const Block& block, const float* change, const float* h, int n, int from, int count, float* to) {
    if (count <= 0) return;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, count, block.width(), -1.0f, change, block.width(),
                h + static_cast<std::size_t>(block.first) * static_cast<std::size_t>(n) + from, n, 1.0f, to + from, n);
}

void feedback_pass(Work& work, std::span<const float> weights, const FeedbackFactors& factors) {
    const int n = work.matrix.columns, rows = work.matrix.rows;
    std::vector<float> left(weights.begin(), weights.end());
    std::vector<float> errors(static_cast<std::size_t>(rows) * block_columns);
    for (const Block& block : blocks_of(n, work.matrix.width)) {
        for (int row = 0; row < rows; ++row)
            round_block(work, factors, block, row, left.data() + work.at(row, 0),
                        errors.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(block.width()));
        carry(rows, block, errors.data(), factors.upper.data(), n, block.end, n - block.end, left.data());
    }
}

// Re-chooses the codes of a block one by one; gradient = (W − Ŵ) H of the row. Only real gains are taken, so that
// sweeps end: a step changes the loss by step · (step · H_jj − 2 · gradient).
SCALE_CLONES void sweep_block(Work& work, const Moments& moments, const Block& block, int row, float* gradient,
                              float* change) {
    const GroupScale& scale = work.scale_of(row, block.group);
    const auto n = static_cast<std::size_t>(moments.columns);
    std::fill(change, change + block.width(), 0.0f);
    if (scale.scale == 0) return;
    for (int column = block.first; column < block.end; ++column) {
        const std::size_t i = work.at(row, column);
        const float* curvature = moments.values.data() + static_cast<std::size_t>(column) * n;
        const int code = nearest_code(work.grid, scale, work.decoded[i] + gradient[column] / curvature[column]);
        if (code == work.matrix.codes[i]) continue;
        const float value = scale.value(code), step = value - work.decoded[i];
        if (step * (step * curvature[column] - 2 * gradient[column]) >= 0) continue;
        work.matrix.codes[i] = static_cast<std::uint8_t>(code);
        work.decoded[i] = value;
        change[column - block.first] = step;
        subtract(gradient, step, curvature, block.first, block.end);
    }
}

void sweep(Work& work, const Moments& moments, std::vector<float>& gradient) {
    const int n = work.matrix.columns, rows = work.matrix.rows;
    std::vector<float> change(static_cast<std::size_t>(rows) * block_columns);
    for (const Block& block : blocks_of(n, work.matrix.width)) {
        for (int row = 0; row < rows; ++row)
            sweep_block(work, moments, block, row, gradient.data() + work.at(row, 0),
                        change.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(block.width()));
        carry(rows, block, change.data(), moments.values.data(), n, 0, block.first, gradient.data());
        carry(rows, block, change.data(), moments.values.data(), n, block.end, n - block.end, gradient.data());
    }
}

// The scale of every group moved to the least of the loss on its fixed codes, where that helps after rounding to the
// stored type: along the levels d = code − zero the loss is δ² · d H dᵀ − 2 δ · gradient · d.
void refit(Work& work, const Moments& moments, std::vector<float>& gradient) {
    const int n = work.matrix.columns, rows = work.matrix.rows, width = work.matrix.width;
    const auto size = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width);
    std::vector<float> levels(size), curved(size);
    for (int group = 0; group < work.matrix.groups(); ++group) {
        const Block whole{group * width, (group + 1) * width, group, true};
        for (int row = 0; row < rows; ++row)
            for (int j = 0; j < width; ++j)
                levels[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) + static_cast<std::size_t>(j)] =
                    static_cast<float>(work.matrix.codes[work.at(row, whole.first + j)] -
                                       work.scale_of(row, group).zero);
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, width, width, 1.0f, levels.data(), width,
            moments.values.data() + static_cast<std::size_t>(whole.first) * static_cast<std::size_t>(n) + whole.first,
            n, 0.0f, curved.data(), width);
        for (int row = 0; row < rows; ++row) {
            float* d = levels.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
            const float* hd = curved.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width);
            GroupScale& scale = work.scale_of(row, group);
            const double dd = cblas_dsdot(width, d, 1, hd, 1);
            const double gd = cblas_dsdot(width, d, 1, gradient.data() + work.at(row, whole.first), 1);
            const float moved =
                dd > 0 ? stored_scale(work.grid.scales, scale.scale + static_cast<float>(gd / dd)) : scale.scale;
            const double step = static_cast<double>(moved) - scale.scale;
            const bool better = step * (step * dd - 2 * gd) < 0;
            for (int j = 0; j < width; ++j) d[j] = better ? static_cast<float>(step) * d[j] : 0.0f;
            if (!better) continue;
            scale.scale = moved;
            for (int column = whole.first; column < whole.end; ++column) {
                const std::size_t i = work.at(row, column);
                work.decoded[i] = scale.value(work.matrix.codes[i]);
            }
        }
        carry(rows, whole, levels.data(), moments.values.data(), n, 0, n, gradient.data());
    }
}

UniformMatrix shaped(const UniformGrid& grid, std::size_t weights, int rows, int columns) {
    const int width = columns > 0 ? grid.width(columns) : 0;
    if (rows <= 0 || columns <= 0 || columns % lane_count != 0 || columns % width != 0 || width % lane_count != 0 ||
        weights != static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns))
        throw core::input_error(fmt::format("a matrix of {} weights in {} rows of {}", weights, rows, columns),
                                fmt::format("rows that are a multiple of {} and of 16", grid.group));
    UniformMatrix matrix{rows, columns, width, std::vector<std::uint8_t>(weights), {}};
    matrix.scales.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(matrix.groups()));
    return matrix;
}

}  // namespace

std::vector<float> UniformMatrix::decoded() const {
    std::vector<float> values(codes.size());
    std::size_t i = 0;
    for (int row = 0; row < rows; ++row)
        for (int column = 0; column < columns; ++column, ++i) values[i] = scale_of(row, column / width).value(codes[i]);
    return values;
}

UniformMatrix round_uniform(const UniformGrid& grid, std::span<const float> weights, int rows, const Moments& moments,
                            const FeedbackFactors& factors, const RoundingOptions& options) {
    UniformMatrix matrix = shaped(grid, weights.size(), rows, moments.columns);
    Work work{grid, matrix, std::vector<float>(weights.size())};
    feedback_pass(work, weights, factors);
    std::vector<float> residual(weights.size()), gradient(weights.size());
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] = weights[i] - work.decoded[i];
    const int n = moments.columns;
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, n, n, 1.0f, residual.data(), n, moments.values.data(),
                n, 0.0f, gradient.data(), n);
    for (int pass = 0; pass < options.sweeps; ++pass) {
        if (options.refit) refit(work, moments, gradient);
        sweep(work, moments, gradient);
    }
    return matrix;
}

UniformMatrix round_uniform_nearest(const UniformGrid& grid, std::span<const float> weights, int rows,
                                    std::span<const float> importance) {
    UniformMatrix matrix = shaped(grid, weights.size(), rows, static_cast<int>(importance.size()));
    const auto width = static_cast<std::size_t>(matrix.width);
    for (int row = 0; row < rows; ++row)
        for (int group = 0; group < matrix.groups(); ++group) {
            const std::size_t in_row = static_cast<std::size_t>(group) * width;
            const std::size_t first = static_cast<std::size_t>(row) * importance.size() + in_row;
            const GroupScale scale = fit_group(grid, weights.subspan(first, width), importance.subspan(in_row, width));
            matrix.scales[static_cast<std::size_t>(row) * static_cast<std::size_t>(matrix.groups()) +
                          static_cast<std::size_t>(group)] = scale;
            for (std::size_t j = first; j < first + width; ++j)
                matrix.codes[j] = static_cast<std::uint8_t>(nearest_code(grid, scale, weights[j]));
        }
    return matrix;
}

}  // namespace scale::quantize
