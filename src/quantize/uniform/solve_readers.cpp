#include "quantize/uniform/solve_readers.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>

#include "core/parallel.h"
#include "quantize/tensor_check.h"
#include "quantize/uniform/column_order.h"

namespace scale::quantize {

namespace {

// Fixed tiles, so that the integers do not depend on the number of threads.
constexpr int tile_rows = 64;

using RowRounder = std::function<UniformMatrix(std::span<const float> weights, int rows)>;

UniformMatrix round_tiles(std::span<const float> weights, int rows, int threads, const RowRounder& round) {
    const auto columns = weights.size() / static_cast<std::size_t>(rows);
    const int tiles = (rows + tile_rows - 1) / tile_rows;
    std::vector<UniformMatrix> parts(static_cast<std::size_t>(tiles));
    core::run_tasks(tiles, threads, [&](int tile) {
        const int count = std::min(tile_rows, rows - tile * tile_rows);
        const auto first = static_cast<std::size_t>(tile) * tile_rows;
        parts[static_cast<std::size_t>(tile)] =
            round(weights.subspan(first * columns, static_cast<std::size_t>(count) * columns), count);
    });
    UniformMatrix whole{rows, parts.front().columns, parts.front().width, {}, {}};
    whole.codes.reserve(weights.size());
    for (UniformMatrix& part : parts) {
        whole.codes.insert(whole.codes.end(), part.codes.begin(), part.codes.end());
        whole.scales.insert(whole.scales.end(), part.scales.begin(), part.scales.end());
        part = {};
    }
    return whole;
}

std::vector<SolvedReader> all_nearest(const UniformGrid& grid, std::span<const UniformReader> readers, int columns,
                                      int threads) {
    const std::vector<float> alike(static_cast<std::size_t>(columns), 1.0f);
    std::vector<SolvedReader> results(readers.size());
    for (std::size_t r = 0; r < readers.size(); ++r)
        results[r].matrix = round_tiles(
            readers[r].weights, readers[r].rows, threads,
            [&](std::span<const float> rows, int count) { return round_uniform_nearest(grid, rows, count, alike); });
    return results;
}

// Feedback trades error in the weights for error in the outputs; further than a sound tensor may lie from its original
// (tensor_check.h) it must not go.
bool strays(const UniformMatrix& matrix, std::span<const float> weights, int bits) {
    const std::vector<float> decoded = matrix.decoded();
    double ww = 0, wv = 0, vv = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const double w = weights[i], v = decoded[i];
        ww += w * w;
        wv += w * v;
        vv += v * v;
    }
    return ww > 0 && !(wv >= cosine_floor(bits) * std::sqrt(ww * vv));
}

// Readers and moments with the columns in the order of rounding.
struct Ordered {
    std::vector<int> order;
    std::vector<std::vector<float>> weights;
    HalvedMoments moments;
    std::vector<float> importance;  // diagonal of the whole moments

    Ordered(const UniformGrid& grid, std::span<const UniformReader> readers, const HalvedMoments& stored)
        : order(group_aware_order(stored.whole, grid.width(stored.whole.columns))),
          moments{reordered(stored.first, order), reordered(stored.second, order), reordered(stored.whole, order)},
          importance(diagonal(moments.whole)) {
        for (const UniformReader& reader : readers) weights.push_back(reordered_columns(reader.weights, order));
    }
};

// The index of the best regularisation of every reader, none where rounding to nearest is better.
std::vector<std::optional<std::size_t>> choose(const UniformGrid& grid, const Ordered& ordered,
                                               std::span<const UniformReader> readers, const SolveOptions& options,
                                               std::vector<SolvedReader>& results) {
    std::vector<Probe> probes;
    for (std::size_t r = 0; r < readers.size(); ++r)
        probes.push_back(make_probe(ordered.weights[r], readers[r].rows, ordered.moments, options.probe_rows));
    const auto losses = held_out_losses(
        probes, ordered.moments, options.regularisations, options.threads, [&](std::size_t r, const DampedMoments& on) {
            return round_uniform(grid, probes[r].weights, probes[r].rows, on.moments, on.factors, options.rounding)
                .decoded();
        });
    const std::vector<float> half_importance[2] = {diagonal(ordered.moments.first), diagonal(ordered.moments.second)};
    std::vector<std::optional<std::size_t>> chosen(readers.size());
    for (std::size_t r = 0; r < readers.size(); ++r) {
        for (const int half : {0, 1})
            results[r].nearest_loss +=
                0.5 *
                held_out_loss(probes[r], ordered.moments, half,
                              round_uniform_nearest(grid, probes[r].weights, probes[r].rows, half_importance[1 - half])
                                  .decoded());
        results[r].feedback_loss = std::numeric_limits<double>::infinity();
        std::size_t best = 0;
        for (std::size_t c = 0; c < losses.size(); ++c)
            if (losses[c][r] < results[r].feedback_loss) {
                results[r].feedback_loss = losses[c][r];
                best = c;
            }
        results[r].feedback = results[r].feedback_loss < results[r].nearest_loss;
        if (results[r].feedback) chosen[r] = best;
    }
    return chosen;
}

}  // namespace

std::vector<SolvedReader> solve_readers(const UniformGrid& grid, std::span<const UniformReader> readers,
                                        const HalvedMoments& moments, const SolveOptions& options) {
    if (!all_finite(moments)) return all_nearest(grid, readers, moments.whole.columns, options.threads);
    std::vector<SolvedReader> results(readers.size());
    const Ordered ordered(grid, readers, moments);
    const auto chosen = choose(grid, ordered, readers, options, results);
    const auto round_with = [&](std::size_t r, const RowRounder& round) {
        results[r].matrix =
            restored(round_tiles(ordered.weights[r], readers[r].rows, options.threads, round), ordered.order);
    };
    for (std::size_t c = 0; c < options.regularisations.size(); ++c) {
        if (std::find(chosen.begin(), chosen.end(), c) == chosen.end()) continue;
        const Regularisation& choice = options.regularisations[c];
        const DampedMoments on = damped(ordered.moments.whole, choice.shrinkage, choice.ridge);
        for (std::size_t r = 0; r < readers.size(); ++r) {
            if (chosen[r] != c) continue;
            results[r].ridge = on.ridge;
            round_with(r, [&](std::span<const float> rows, int count) {
                return round_uniform(grid, rows, count, on.moments, on.factors, options.rounding);
            });
            results[r].feedback = !strays(results[r].matrix, readers[r].weights, grid.bits);
        }
    }
    for (std::size_t r = 0; r < readers.size(); ++r)
        if (!results[r].feedback)
            round_with(r, [&](std::span<const float> rows, int count) {
                return round_uniform_nearest(grid, rows, count, ordered.importance);
            });
    return results;
}

}  // namespace scale::quantize
