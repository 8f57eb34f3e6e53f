#include "quantize/refine/tensor_refiner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "quantize/parallel.h"
#include "quantize/tensor_check.h"

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

// The probe rows of one reader with what turns losses into shares of the output's power.
struct Probe {
    int rows = 0;
    std::vector<float> weights;
    double power[2] = {};  // tr(W H Wᵀ) on each half
    double stock_loss = 0;
};

Probe make_probe(const Reader& reader, const HalvedMoments& moments, int wanted) {
    const int columns = moments.whole.columns;
    Probe result;
    result.rows = std::min(reader.rows, wanted);
    result.weights = probe(reader.weights, reader.rows, columns, wanted);
    const std::vector<float> stock = probe(reader.stock, reader.rows, columns, wanted);
    const std::vector<float> nothing(result.weights.size(), 0.0f);
    for (int half = 0; half < 2; ++half) {
        const Moments& judge = half == 0 ? moments.first : moments.second;
        result.power[half] = std::max(loss_of(judge, result.weights, nothing), 1e-30);
        result.stock_loss += 0.5 * loss_of(judge, result.weights, stock) / result.power[half];
    }
    return result;
}

// losses[choice][reader]: the mean over both ways round.
std::vector<std::vector<double>> held_out_losses(std::span<const Reader> readers, std::span<const Probe> probes,
                                                 const HalvedMoments& moments, const RefinerOptions& options) {
    const auto choices = options.regularisations.size();
    std::vector<std::vector<double>> halves(2 * choices, std::vector<double>(readers.size()));
    run_tasks(static_cast<int>(halves.size()), options.threads, [&](int task) {
        const auto t = static_cast<std::size_t>(task);
        const Regularisation& choice = options.regularisations[t / 2];
        const Moments damped = regularised(t % 2 == 0 ? moments.first : moments.second, choice.shrinkage, choice.ridge);
        const FeedbackFactors factors = factorise(damped);
        for (std::size_t r = 0; r < readers.size(); ++r) {
            const RoundedRows rounded = round_with_feedback(*readers[r].grid, probes[r].weights, probes[r].rows, damped,
                                                            factors, options.rounding);
            const std::size_t judge = 1 - t % 2;
            halves[t][r] = loss_of(judge == 0 ? moments.first : moments.second, probes[r].weights, rounded.decoded) /
                           probes[r].power[judge];
        }
    });
    std::vector<std::vector<double>> losses(choices, std::vector<double>(readers.size()));
    for (std::size_t c = 0; c < choices; ++c)
        for (std::size_t r = 0; r < readers.size(); ++r) losses[c][r] = 0.5 * (halves[2 * c][r] + halves[2 * c + 1][r]);
    return losses;
}

// The whole matrix, unless it strays further from the original than a sound tensor may (tensor_check.h): feedback
// trades error in the weights for error in the outputs.
std::optional<std::vector<std::byte>> round_whole(const Reader& reader, const Moments& damped,
                                                  const FeedbackFactors& factors, const RefinerOptions& options) {
    const auto columns = static_cast<std::size_t>(damped.columns);
    const std::size_t row_bytes = columns / static_cast<std::size_t>(reader.grid->superblock) * reader.grid->bytes;
    const int tiles = (reader.rows + tile_rows - 1) / tile_rows;
    std::vector<std::byte> packed(static_cast<std::size_t>(reader.rows) * row_bytes);
    std::vector<std::array<double, 3>> products(static_cast<std::size_t>(tiles));  // w·w, w·ŵ, ŵ·ŵ of each tile
    run_tasks(tiles, options.threads, [&](int tile) {
        const int count = std::min(tile_rows, reader.rows - tile * tile_rows);
        const auto first = static_cast<std::size_t>(tile) * tile_rows;
        const auto weights =
            std::span(reader.weights).subspan(first * columns, static_cast<std::size_t>(count) * columns);
        const RoundedRows rounded =
            round_with_feedback(*reader.grid, weights, count, damped, factors, options.rounding);
        std::memcpy(packed.data() + first * row_bytes, rounded.packed.data(), rounded.packed.size());
        auto& [ww, wv, vv] = products[static_cast<std::size_t>(tile)];
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const double w = weights[i], v = rounded.decoded[i];
            ww += w * w;
            wv += w * v;
            vv += v * v;
        }
    });
    double ww = 0, wv = 0, vv = 0;
    for (const auto& [a, b, c] : products) {
        ww += a;
        wv += b;
        vv += c;
    }
    const double bits = 8.0 * static_cast<double>(reader.grid->bytes) / reader.grid->superblock;
    if (ww > 0 && !(wv >= cosine_floor(bits) * std::sqrt(ww * vv))) return std::nullopt;
    return packed;
}

bool all_finite(const Moments& moments) {
    return std::all_of(moments.values.begin(), moments.values.end(), [](float x) { return std::isfinite(x); });
}

}  // namespace

std::vector<RefinedTensor> refine_readers(std::span<const Reader> readers, const HalvedMoments& moments,
                                          const RefinerOptions& options) {
    std::vector<RefinedTensor> results(readers.size());
    for (auto& result : results) result.refined_loss = std::numeric_limits<double>::infinity();
    if (!all_finite(moments.first) || !all_finite(moments.second)) {
        for (auto& result : results) result.why = outcome::inputs_not_finite;
        return results;
    }
    std::vector<Probe> probes;
    for (const Reader& reader : readers) probes.push_back(make_probe(reader, moments, options.probe_rows));
    const auto losses = held_out_losses(readers, probes, moments, options);
    std::vector<std::size_t> chosen(readers.size());
    for (std::size_t r = 0; r < readers.size(); ++r) {
        results[r].stock_loss = probes[r].stock_loss;
        for (std::size_t c = 0; c < losses.size(); ++c)
            if (losses[c][r] < results[r].refined_loss) {
                results[r].refined_loss = losses[c][r];
                chosen[r] = c;
            }
        results[r].chosen = options.regularisations[chosen[r]];
        results[r].refined = results[r].refined_loss < results[r].stock_loss;
        if (results[r].refined) results[r].why = outcome::refined;
    }
    for (std::size_t c = 0; c < losses.size(); ++c) {
        const auto wants = [&](std::size_t r) { return results[r].refined && chosen[r] == c; };
        bool any = false;
        for (std::size_t r = 0; r < readers.size(); ++r) any = any || wants(r);
        if (!any) continue;
        const Moments damped =
            regularised(moments.whole, options.regularisations[c].shrinkage, options.regularisations[c].ridge);
        const FeedbackFactors factors = factorise(damped);
        for (std::size_t r = 0; r < readers.size(); ++r)
            if (wants(r)) {
                auto packed = round_whole(readers[r], damped, factors, options);
                results[r].refined = packed.has_value();
                if (packed)
                    results[r].packed = std::move(*packed);
                else
                    results[r].why = outcome::strayed;
            }
    }
    return results;
}

}  // namespace scale::quantize
