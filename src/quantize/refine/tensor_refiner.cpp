#include "quantize/refine/tensor_refiner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "core/parallel.h"
#include "quantize/tensor_check.h"

namespace scale::quantize {

namespace {

// Fixed tiles, so that the bytes do not depend on the number of threads.
constexpr int tile_rows = 64;

// The whole matrix, unless it strays further from the original than a sound tensor may (tensor_check.h): feedback
// trades error in the weights for error in the outputs.
std::optional<std::vector<std::byte>> round_whole(const Reader& reader, const Moments& damped,
                                                  const FeedbackFactors& factors, const RefinerOptions& options) {
    const auto columns = static_cast<std::size_t>(damped.columns);
    const std::size_t row_bytes = columns / static_cast<std::size_t>(reader.grid->superblock) * reader.grid->bytes;
    const int tiles = (reader.rows + tile_rows - 1) / tile_rows;
    std::vector<std::byte> packed(static_cast<std::size_t>(reader.rows) * row_bytes);
    std::vector<std::array<double, 3>> products(static_cast<std::size_t>(tiles));  // w·w, w·ŵ, ŵ·ŵ of each tile
    core::run_tasks(tiles, options.threads, [&](int tile) {
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

}  // namespace

std::vector<RefinedTensor> refine_readers(std::span<const Reader> readers, const HalvedMoments& moments,
                                          const RefinerOptions& options) {
    std::vector<RefinedTensor> results(readers.size());
    for (auto& result : results) result.refined_loss = std::numeric_limits<double>::infinity();
    if (!all_finite(moments)) {
        for (auto& result : results) result.why = outcome::inputs_not_finite;
        return results;
    }
    std::vector<Probe> probes;
    for (std::size_t r = 0; r < readers.size(); ++r) {
        const Reader& reader = readers[r];
        probes.push_back(make_probe(reader.weights, reader.rows, moments, options.probe_rows));
        const std::vector<float> stock =
            sample_rows(reader.stock, reader.rows, moments.whole.columns, options.probe_rows);
        for (const int half : {0, 1}) results[r].stock_loss += 0.5 * held_out_loss(probes[r], moments, half, stock);
    }
    const auto losses = held_out_losses(
        probes, moments, options.regularisations, options.threads, [&](std::size_t r, const DampedMoments& on) {
            return round_with_feedback(*readers[r].grid, probes[r].weights, probes[r].rows, on.moments, on.factors,
                                       options.rounding)
                .decoded;
        });
    std::vector<std::size_t> chosen(readers.size());
    for (std::size_t r = 0; r < readers.size(); ++r) {
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
        const DampedMoments on =
            damped(moments.whole, options.regularisations[c].shrinkage, options.regularisations[c].ridge);
        for (std::size_t r = 0; r < readers.size(); ++r)
            if (wants(r)) {
                auto packed = round_whole(readers[r], on.moments, on.factors, options);
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
