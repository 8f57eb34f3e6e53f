#include "quantize/refine/tensor_refiner.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <thread>

namespace scale::quantize {

namespace {

// Fixed tiles, so that the bytes do not depend on the number of threads.
constexpr int tile_rows = 64;

std::vector<float> probe(std::span<const float> matrix, int rows, int columns, int wanted) {
    std::vector<float> sample;
    const int count = std::min(rows, wanted);
    for (int i = 0; i < count; ++i) {
        const auto row = static_cast<std::size_t>(static_cast<long long>(i) * rows / count);
        const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * static_cast<std::size_t>(columns));
        sample.insert(sample.end(), first, first + columns);
    }
    return sample;
}

double loss_of(const Moments& moments, std::span<const float> weights, std::span<const float> decoded) {
    std::vector<float> errors(weights.size());
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] = weights[i] - decoded[i];
    return proxy_loss(moments, errors, static_cast<int>(weights.size() / static_cast<std::size_t>(moments.columns)));
}

RoundedRows round_with(const Grid& grid, std::span<const float> weights, int rows, const Moments& moments,
                       const FeedbackFactors& factors, const RefinerOptions& options) {
    return round_with_feedback(grid, weights, rows, moments, factors, options.rounding);
}

std::vector<std::byte> round_whole(const Grid& grid, std::span<const float> weights, int rows, const Moments& moments,
                                   const RefinerOptions& options) {
    const FeedbackFactors factors = factorise(moments);
    const auto columns = static_cast<std::size_t>(moments.columns);
    const std::size_t row_bytes = columns / static_cast<std::size_t>(grid.superblock) * grid.bytes;
    std::vector<std::byte> packed(static_cast<std::size_t>(rows) * row_bytes);
    std::atomic<int> next{0};
    const auto work = [&] {
        for (int first = next.fetch_add(tile_rows); first < rows; first = next.fetch_add(tile_rows)) {
            const int count = std::min(tile_rows, rows - first);
            const auto at = static_cast<std::size_t>(first);
            const RoundedRows tile = round_with(grid, weights.subspan(at * columns, static_cast<std::size_t>(count) * columns),
                                                count, moments, factors, options);
            std::memcpy(packed.data() + at * row_bytes, tile.packed.data(), tile.packed.size());
        }
    };
    std::vector<std::jthread> helpers;
    for (int i = 1; i < options.threads; ++i) helpers.emplace_back(work);
    work();
    helpers.clear();
    return packed;
}

}  // namespace

RefinedTensor refine_tensor(const Grid& grid, std::span<const float> weights, std::span<const float> stock, int rows,
                            const HalvedMoments& moments, const RefinerOptions& options) {
    const int columns = moments.whole.columns;
    const std::vector<float> sample = probe(weights, rows, columns, options.probe_rows);
    const std::vector<float> stock_sample = probe(stock, rows, columns, options.probe_rows);
    const int count = static_cast<int>(sample.size() / static_cast<std::size_t>(columns));
    const std::vector<float> nothing(sample.size(), 0.0f);
    const double scale_first = std::max(loss_of(moments.first, sample, nothing), 1e-30);
    const double scale_second = std::max(loss_of(moments.second, sample, nothing), 1e-30);

    RefinedTensor result;
    result.stock_loss = 0.5 * (loss_of(moments.first, sample, stock_sample) / scale_first + loss_of(moments.second, sample, stock_sample) / scale_second);
    result.refined_loss = std::numeric_limits<double>::max();
    for (const Regularisation& choice : options.regularisations) {
        const auto held_out = [&](const Moments& fitted, const Moments& judged, double scale) {
            const Moments damped = regularised(fitted, choice.shrinkage, choice.ridge);
            return loss_of(judged, sample, round_with(grid, sample, count, damped, factorise(damped), options).decoded) / scale;
        };
        const double loss = 0.5 * (held_out(moments.first, moments.second, scale_second) + held_out(moments.second, moments.first, scale_first));
        if (loss < result.refined_loss) {
            result.refined_loss = loss;
            result.chosen = choice;
        }
    }
    result.refined = result.refined_loss < result.stock_loss;
    if (result.refined)
        result.packed = round_whole(grid, weights, rows, regularised(moments.whole, result.chosen.shrinkage, result.chosen.ridge), options);
    return result;
}

}  // namespace scale::quantize
