#include "quantize/network/output_gradient_moments.h"

#include <algorithm>

#include "quantize/network/head.h"
#include "quantize/network/pass.h"

extern "C" void openblas_set_num_threads(int count);

namespace scale::quantize {

namespace {

using Sums = std::map<std::string, std::vector<double>>;

void add_squares(std::vector<double>& sums, std::span<const float> gradients, std::size_t rows) {
    sums.resize(rows);
    for (std::size_t i = 0; i < gradients.size(); ++i)
        sums[i % rows] += static_cast<double>(gradients[i]) * static_cast<double>(gradients[i]);
}

}  // namespace

OutputGradientMoments output_gradient_moments(const model::GgufFile& file,
                                              const std::vector<model::TokenSequence>& calibration,
                                              const OutputGradientOptions& options,
                                              const std::function<void(double, double)>& progress) {
    openblas_set_num_threads(1);  // tiles are split over threads instead (linear.h)
    OutputGradientMoments result;
    const NetworkReading reading = load_network(file);
    if (!reading.network) {
        result.unsupported = reading.unsupported;
        return result;
    }
    const Network& network = *reading.network;
    const WeightMatrix& head = network.weights.head();
    Sums sums;
    sums[head.name].resize(static_cast<std::size_t>(head.rows));
    const auto total = static_cast<double>(std::min(options.tokens, model::count_tokens(calibration)));
    for (const model::TokenSequence& sequence : calibration) {
        if (result.tokens >= options.tokens) break;
        SequenceBatch batch;
        batch.add(std::span(sequence.tokens)
                      .first(std::min(sequence.tokens.size(), static_cast<std::size_t>(options.sequence_tokens))));
        Trace trace;
        const std::vector<float> states = forward(network, batch, &trace, options.threads);
        core::Random random(options.seed, "labels " + std::to_string(result.tokens));
        DrawnLoss loss = drawn_labels(network, states, random, sums[head.name], options.threads);
        backward(
            network, batch, trace, std::move(loss.gradient), nullptr,
            [&](const WeightMatrix& weight, std::span<const float>, std::span<const float> gradients) {
                add_squares(sums[weight.name], gradients, static_cast<std::size_t>(weight.rows));
            },
            options.threads);
        result.tokens += batch.tokens.size();
        if (progress) progress(std::min(static_cast<double>(result.tokens), total), total);
    }
    for (const auto& [name, values] : sums) {
        std::vector<float>& row = result.rows[name];
        for (const double value : values)
            row.push_back(static_cast<float>(value / static_cast<double>(std::max<std::uint64_t>(result.tokens, 1))));
    }
    return result;
}

}  // namespace scale::quantize
