#include "quantize/rounding/feedback.h"

#include <algorithm>
#include <array>
#include <cblas.h>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "core/lanes.h"
#include "quantize/grid/codebook_search.h"
#include "quantize/grid/fit.h"
#include "quantize/grid/half.h"
#include "quantize/rounding/octet_forms.h"

namespace scale::quantize {

namespace {

using core::lane_count;
using core::Lanes;
using core::load;
using core::sum;

// Working state of a tile of rows; every matrix is rows × K row-major.
struct Tile {
    const Grid& grid;
    int rows;
    int columns;
    std::vector<float> decoded;
    std::vector<std::uint8_t> codes;
    std::vector<Scales> scales;  // rows × superblocks

    Tile(const Grid& of, int row_count, int column_count)
        : grid(of),
          rows(row_count),
          columns(column_count),
          decoded(size()),
          codes(size()),
          scales(static_cast<std::size_t>(row_count) * static_cast<std::size_t>(column_count / of.superblock)) {}
    std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }
    std::size_t at(int row, int column) const {
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column);
    }
    Scales& scales_of(int row, int block) {
        return scales[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns / grid.superblock) +
                      static_cast<std::size_t>(block)];
    }
    void decode_block(int row, int block) {
        const Steps steps = steps_of(grid, scales_of(row, block));
        for (int j = 0; j < grid.superblock; ++j) {
            const std::size_t i = at(row, block * grid.superblock + j);
            decoded[i] = value_of(grid, steps, j / grid.sub, codes[i]);
        }
    }
};

// to[k] -= factor · from[k] over whole vectors that hold [first, end); both have multiples of 16 columns.
SCALE_INLINE void subtract(float* to, float factor, const float* from, int first, int end) {
    for (int k = first / lane_count * lane_count; k < end; k += lane_count) {
        const Lanes difference = load(to + k) - factor * load(from + k);
        std::memcpy(to + k, &difference, sizeof difference);
    }
}

// Codes of eight columns together: what their errors cost once all later columns compensate them is least.
void choose_octet(const Grid& grid, const float* form, const float* work, const float* importance, float step,
                  std::uint8_t* codes) {
    const Codebook& book = codebook_of(grid);
    std::array<float, octet> b{};
    for (std::size_t i = 0; i < b.size(); ++i)
        for (std::size_t j = 0; j < b.size(); ++j) b[i] += form[i * octet + j] * work[j];
    nearest_octet(book, work, importance, step, codes);
    improve_octet(book, form, b.data(), step, codes);
}

// One superblock of one row: scales, then column by column with compensation inside the block. `work` is the row's
// compensated weights; scaled errors (w − ŵ) / U_jj go to `errors` for the columns to the right.
SCALE_CLONES void round_block(Tile& tile, const FeedbackFactors& factors, const OctetForms& forms, int row, int block,
                              float* work, float* errors) {
    const Grid& grid = tile.grid;
    const int first = block * grid.superblock;
    const auto n = static_cast<std::size_t>(factors.columns);
    Scales& scales = tile.scales_of(row, block);
    const auto width = static_cast<std::size_t>(grid.superblock);
    scales = fit_scales(grid, {work + first, width}, {factors.importance.data() + first, width});
    const Steps steps = steps_of(grid, scales);
    for (int j = 0; j < grid.superblock; ++j) {
        const int column = first + j;
        const float* upper = factors.upper.data() + static_cast<std::size_t>(column) * n;
        std::uint8_t* at = tile.codes.data() + tile.at(row, column);
        if (!grid.has_codebook())
            *at = static_cast<std::uint8_t>(nearest_code(grid, steps, j / grid.sub, work[column]));
        else if (j % octet == 0)
            choose_octet(grid, forms.at(column), work + column, factors.importance.data() + column,
                         steps.scale[static_cast<std::size_t>(j / grid.sub)], at);
        const int code = *at;
        const float error = (work[column] - value_of(grid, steps, j / grid.sub, code)) / upper[column];
        errors[j] = error;
        subtract(work, error, upper, column + 1, first + grid.superblock);  // columns that are done do not matter
    }
    tile.decode_block(row, block);
}

void feedback_pass(Tile& tile, std::span<const float> weights, const FeedbackFactors& factors) {
    const Grid& grid = tile.grid;
    const int n = tile.columns;
    std::vector<float> work(weights.begin(), weights.end());
    const OctetForms forms = grid.has_codebook() ? conditional_forms(factors) : OctetForms();
    std::vector<float> errors(static_cast<std::size_t>(tile.rows) * static_cast<std::size_t>(grid.superblock));
    for (int block = 0; block < n / grid.superblock; ++block) {
        for (int row = 0; row < tile.rows; ++row)
            round_block(tile, factors, forms, row, block, work.data() + tile.at(row, 0),
                        errors.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.superblock));
        const int next = (block + 1) * grid.superblock;
        if (next < n)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tile.rows, n - next, grid.superblock, -1.0f,
                        errors.data(), grid.superblock,
                        factors.upper.data() +
                            static_cast<std::size_t>(block * grid.superblock) * static_cast<std::size_t>(n) + next,
                        n, 1.0f, work.data() + next, n);
    }
}

// As sweep_block, eight columns together.
SCALE_CLONES bool sweep_octets(Tile& tile, const Moments& moments, int row, int block, float* gradient, float* change) {
    const Grid& grid = tile.grid;
    const Codebook& book = codebook_of(grid);
    const int first = block * grid.superblock;
    const auto n = static_cast<std::size_t>(tile.columns);
    const Steps steps = steps_of(grid, tile.scales_of(row, block));
    bool changed = false;
    std::fill(change, change + grid.superblock, 0.0f);
    for (int j = 0; j < grid.superblock; j += octet) {
        const int column = first + j;
        const float step = steps.scale[static_cast<std::size_t>(j / grid.sub)];
        if (step == 0) continue;
        std::uint8_t* codes = tile.codes.data() + tile.at(row, column);
        float* decoded = tile.decoded.data() + tile.at(row, column);
        std::array<float, octet * octet> form{};
        std::array<float, octet> b{};
        for (std::size_t i = 0; i < octet; ++i) {
            const float* curvature = moments.values.data() + (static_cast<std::size_t>(column) + i) * n + column;
            b[i] = gradient[static_cast<std::size_t>(column) + i];
            for (std::size_t k = 0; k < octet; ++k) {
                form[i * octet + k] = curvature[k];
                b[i] += curvature[k] * decoded[k];
            }
        }
        if (!improve_octet(book, form.data(), b.data(), step, codes)) continue;
        changed = true;
        for (int i = 0; i < octet; ++i) {
            const float value = value_of(grid, steps, j / grid.sub, codes[i]);
            change[j + i] = value - decoded[i];
            decoded[i] = value;
            const float* curvature = moments.values.data() + static_cast<std::size_t>(column + i) * n;
            subtract(gradient, change[j + i], curvature, first, first + grid.superblock);
        }
    }
    return changed;
}

// Best code of every column of one block with all other columns fixed. `gradient` is the row of (W − Ŵ)·H, kept current
// inside the block; `change` receives Ŵ_new − Ŵ_old for the columns outside.
SCALE_CLONES bool sweep_block(Tile& tile, const Moments& moments, int row, int block, float* gradient, float* change) {
    const Grid& grid = tile.grid;
    const int first = block * grid.superblock;
    const auto n = static_cast<std::size_t>(tile.columns);
    const Steps steps = steps_of(grid, tile.scales_of(row, block));
    bool changed = false;
    for (int j = 0; j < grid.superblock; ++j) {
        const int column = first + j;
        const std::size_t i = tile.at(row, column);
        change[j] = 0;
        const float* curvature = moments.values.data() + static_cast<std::size_t>(column) * n;
        const float wanted = tile.decoded[i] + gradient[column] / curvature[column];
        const int code = nearest_code(grid, steps, j / grid.sub, wanted);
        if (code == tile.codes[i]) continue;
        const float value = value_of(grid, steps, j / grid.sub, code);
        const float step = value - tile.decoded[i];
        // The loss changes by step·(step·H_jj − 2·gradient); only real gains are taken, so that sweeps end.
        if (step * (step * curvature[column] - 2 * gradient[column]) >= 0) continue;
        tile.codes[i] = static_cast<std::uint8_t>(code);
        tile.decoded[i] = value;
        change[j] = step;
        changed = true;
        subtract(gradient, step, curvature, first, first + grid.superblock);
    }
    return changed;
}

// Newton step for d and dmin of one block on fixed codes: the loss is quadratic in both. Kept where it lowers the loss
// after rounding to binary16.
SCALE_CLONES void refit_block(Tile& tile, const Moments& moments, int row, int block, float* gradient, float* change) {
    const Grid& grid = tile.grid;
    const int first = block * grid.superblock, width = grid.superblock;
    const auto n = static_cast<std::size_t>(tile.columns);
    Scales& scales = tile.scales_of(row, block);
    std::array<float, max_superblock> along_d{}, along_min{};
    for (int j = 0; j < width; ++j) {
        const auto k = static_cast<std::size_t>(j / grid.sub);
        const std::size_t i = tile.at(row, first + j);
        along_d[static_cast<std::size_t>(j)] = static_cast<float>(scales.s[k]) * grid.level(tile.codes[i]);
        along_min[static_cast<std::size_t>(j)] = grid.min_high > 0   ? -static_cast<float>(scales.m[k])
                                                 : grid.min_high < 0 ? 1.0f
                                                                     : 0.0f;
    }
    double dd = 0, dm = 0, mm = 0, gd = 0, gm = 0;
    for (int a = 0; a < width; ++a) {
        const auto i = static_cast<std::size_t>(a);
        const float* curvature = moments.values.data() + static_cast<std::size_t>(first + a) * n + first;
        Lanes sum_d = {}, sum_min = {};
        for (int b = 0; b < width; b += lane_count) {
            const Lanes h = load(curvature + b);
            sum_d += h * load(along_d.data() + b);
            sum_min += h * load(along_min.data() + b);
        }
        const float hd = sum(sum_d), hm = sum(sum_min);
        dd += static_cast<double>(along_d[i]) * hd;
        dm += static_cast<double>(along_min[i]) * hd;
        mm += static_cast<double>(along_min[i]) * hm;
        gd += static_cast<double>(gradient[first + a]) * along_d[i];
        gm += static_cast<double>(gradient[first + a]) * along_min[i];
    }
    double step_d = 0, step_min = 0;
    const double determinant = dd * mm - dm * dm;
    if (grid.has_minimum() && determinant > 1e-9 * dd * mm) {
        step_d = (gd * mm - gm * dm) / determinant;
        step_min = (gm * dd - gd * dm) / determinant;
    } else if (dd > 0) {
        step_d = gd / dd;
    }
    Scales moved = scales;
    moved.d = to_finite_half(from_half(scales.d) + static_cast<float>(step_d));
    moved.dmin = to_finite_half(from_half(scales.dmin) + static_cast<float>(step_min));
    if (grid.min_high > 0 && from_half(moved.dmin) < 0) moved.dmin = scales.dmin;
    const double real_d = from_half(moved.d) - from_half(scales.d),
                 real_min = from_half(moved.dmin) - from_half(scales.dmin);
    const double effect = real_d * real_d * dd + 2 * real_d * real_min * dm + real_min * real_min * mm -
                          2 * (real_d * gd + real_min * gm);
    std::fill(change, change + width, 0.0f);
    if (!(effect < 0)) return;
    std::array<float, max_superblock> before{};
    std::copy_n(tile.decoded.begin() + static_cast<std::ptrdiff_t>(tile.at(row, first)), width, before.begin());
    scales = moved;
    tile.decode_block(row, block);
    for (int j = 0; j < width; ++j)
        change[j] = tile.decoded[tile.at(row, first + j)] - before[static_cast<std::size_t>(j)];
    for (int j = 0; j < width; ++j) {
        if (change[j] == 0) continue;
        const float* curvature = moments.values.data() + static_cast<std::size_t>(first + j) * n;
        subtract(gradient, change[j], curvature, first, first + width);
    }
}

using BlockMove = void (*)(Tile&, const Moments&, int, int, float*, float*);

// Applies a move to every block of every row, carrying each block's change into the gradient of all other columns.
void for_each_block(Tile& tile, const Moments& moments, std::vector<float>& gradient, BlockMove move) {
    const int width = tile.grid.superblock, n = tile.columns;
    std::vector<float> change(static_cast<std::size_t>(tile.rows) * static_cast<std::size_t>(width));
    for (int block = 0; block < n / width; ++block) {
        const int first = block * width;
        for (int row = 0; row < tile.rows; ++row)
            move(tile, moments, row, block, gradient.data() + tile.at(row, 0),
                 change.data() + static_cast<std::size_t>(row) * static_cast<std::size_t>(width));
        const float* curvature = moments.values.data() + static_cast<std::size_t>(first) * static_cast<std::size_t>(n);
        const auto carry = [&](int from, int count) {
            if (count > 0)
                cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tile.rows, count, width, -1.0f, change.data(),
                            width, curvature + from, n, 1.0f, gradient.data() + from, n);
        };
        carry(0, first);
        carry(first + width, n - first - width);
    }
}

void improve(Tile& tile, std::span<const float> weights, const Moments& moments, const RoundingOptions& options) {
    const int n = tile.columns;
    std::vector<float> residual(tile.size()), gradient(tile.size());
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] = weights[i] - tile.decoded[i];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, tile.rows, n, n, 1.0f, residual.data(), n,
                moments.values.data(), n, 0.0f, gradient.data(), n);
    const BlockMove sweep = [](Tile& t, const Moments& m, int row, int block, float* g, float* c) {
        if (t.grid.has_codebook())
            sweep_octets(t, m, row, block, g, c);
        else
            sweep_block(t, m, row, block, g, c);
    };
    for (int pass = 0; pass < options.sweeps; ++pass) {
        if (options.refit) for_each_block(tile, moments, gradient, refit_block);
        for_each_block(tile, moments, gradient, sweep);
    }
}

RoundedRows packed(Tile& tile) {
    const Grid& grid = tile.grid;
    RoundedRows result;
    const int blocks = tile.columns / grid.superblock;
    result.packed.resize(static_cast<std::size_t>(tile.rows) * static_cast<std::size_t>(blocks) * grid.bytes);
    std::byte* out = result.packed.data();
    for (int row = 0; row < tile.rows; ++row)
        for (int block = 0; block < blocks; ++block, out += grid.bytes)
            pack(grid, tile.scales_of(row, block),
                 {tile.codes.data() + tile.at(row, block * grid.superblock), static_cast<std::size_t>(grid.superblock)},
                 out);
    result.decoded = std::move(tile.decoded);
    return result;
}

void require_shape(const Grid& grid, std::span<const float> weights, int rows, std::size_t columns) {
    if (rows <= 0 || columns == 0 || weights.size() != static_cast<std::size_t>(rows) * columns ||
        columns % static_cast<std::size_t>(grid.superblock) != 0)
        throw core::input_error(
            "a matrix of " + std::to_string(weights.size()) + " weights in " + std::to_string(rows) + " rows",
            "rows of a multiple of " + std::to_string(grid.superblock) + " for " + std::string(grid.type));
}

}  // namespace

RoundedRows round_with_feedback(const Grid& grid, std::span<const float> weights, int rows, const Moments& moments,
                                const FeedbackFactors& factors, const RoundingOptions& options) {
    require_shape(grid, weights, rows, static_cast<std::size_t>(moments.columns));
    Tile tile(grid, rows, moments.columns);
    feedback_pass(tile, weights, factors);
    improve(tile, weights, moments, options);
    return packed(tile);
}

RoundedRows round_nearest(const Grid& grid, std::span<const float> weights, int rows,
                          std::span<const float> importance) {
    require_shape(grid, weights, rows, importance.size());
    Tile tile(grid, rows, static_cast<int>(importance.size()));
    const auto width = static_cast<std::size_t>(grid.superblock);
    for (int row = 0; row < rows; ++row)
        for (int block = 0; block < tile.columns / grid.superblock; ++block) {
            const std::size_t first = static_cast<std::size_t>(block) * width,
                              at = tile.at(row, static_cast<int>(first));
            Scales& scales = tile.scales_of(row, block);
            scales = fit_scales(grid, weights.subspan(at, width), importance.subspan(first, width));
            nearest_codes(grid, scales, weights.subspan(at, width), importance.subspan(first, width),
                          tile.codes.data() + at);
            tile.decode_block(row, block);
        }
    return packed(tile);
}

}  // namespace scale::quantize
