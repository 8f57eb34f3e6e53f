#include "quantize/network/linear.h"

#include <cblas.h>

#include "core/parallel.h"
#include "quantize/tiling.h"

namespace scale::quantize {

namespace {

constexpr int token_tile = 256;
constexpr int feature_tile = 320;

int tokens_of(std::span<const float> values, int width) {
    return static_cast<int>(values.size() / static_cast<std::size_t>(width));
}

std::ptrdiff_t at(int row, int width, int column = 0) {
    return static_cast<std::ptrdiff_t>(row) * width + column;
}

// task(first row, rows, first column, columns) over all tiles of a rows × columns result.
template <typename Task>
void over_tiles(const Tiling& rows, const Tiling& columns, int threads, const Task& task) {
    core::run_tasks(rows.count * columns.count, threads, [&](int i) {
        const int r = i / columns.count, c = i % columns.count;
        if (rows.size(r) > 0 && columns.size(c) > 0)
            task(rows.begin(r), rows.size(r), columns.begin(c), columns.size(c));
    });
}

}  // namespace

void product_forward(const WeightMatrix& weight, std::span<const float> x, std::span<float> y, int threads) {
    const int columns = weight.columns, rows = weight.rows;
    over_tiles({tokens_of(x, columns), token_tile}, {rows, feature_tile}, threads,
               [&](int token, int tokens, int row, int count) {
                   cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, tokens, count, columns, 1.0f,
                               x.data() + at(token, columns), columns, weight.values.data() + at(row, columns), columns,
                               0.0f, y.data() + at(token, rows, row), rows);
               });
}

void linear_forward(const LinearLayer& layer, std::span<const float> x, std::span<float> y, int threads) {
    product_forward(layer.weight, x, y, threads);
    if (layer.bias.empty()) return;
    for (std::size_t i = 0; i < y.size(); ++i) y[i] += layer.bias.values[i % layer.bias.values.size()];
}

void input_gradient(const WeightMatrix& weight, std::span<const float> g, std::span<float> dx, bool add, int threads) {
    const int columns = weight.columns, rows = weight.rows;
    over_tiles({tokens_of(g, rows), token_tile}, {columns, feature_tile}, threads,
               [&](int token, int tokens, int column, int count) {
                   cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tokens, count, rows, 1.0f,
                               g.data() + at(token, rows), rows, weight.values.data() + column, columns,
                               add ? 1.0f : 0.0f, dx.data() + at(token, columns, column), columns);
               });
}

void weight_gradient(WeightMatrix& gradient, std::span<const float> x, std::span<const float> g, int threads) {
    const int columns = gradient.columns, rows = gradient.rows;
    over_tiles({rows, feature_tile}, {columns, feature_tile}, threads, [&](int row, int count, int column, int wide) {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, count, wide, tokens_of(x, columns), 1.0f, g.data() + row,
                    rows, x.data() + column, columns, 1.0f, gradient.values.data() + at(row, columns, column), columns);
    });
}

void bias_gradient(WeightMatrix& gradient, std::span<const float> g) {
    for (std::size_t i = 0; i < g.size(); ++i) gradient.values[i % gradient.values.size()] += g[i];
}

}  // namespace scale::quantize
