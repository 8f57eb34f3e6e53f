#include "quantize/fold/channel_scales.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace scale::quantize {

namespace {

constexpr float least = 1e-6f;  // of a magnitude: a silent channel is not scaled without bound

enum class Pooling { mean, maximum };

// One value for all channels of a number.
std::vector<float> pooled(std::span<const float> values, const SharedChannels& shared, Pooling pooling) {
    std::vector<float> result(values.begin(), values.end());
    if (shared.empty()) return result;
    std::map<int, std::pair<double, int>> of;
    for (std::size_t i = 0; i < values.size(); ++i) {
        auto& [value, count] = of[shared[i]];
        value = pooling == Pooling::mean ? value + values[i] : std::max<double>(value, values[i]);
        ++count;
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto& [value, count] = of[shared[i]];
        result[i] = static_cast<float>(pooling == Pooling::mean ? value / count : value);
    }
    return result;
}

float largest(const std::vector<float>& values) {
    return std::max(*std::max_element(values.begin(), values.end()), 1e-20f);
}

std::vector<float> balanced(const std::vector<float>& inputs, const std::vector<float>& weights, double exponent) {
    const float x_floor = least * largest(inputs), w_floor = least * largest(weights);
    std::vector<float> scales(inputs.size());
    for (std::size_t i = 0; i < scales.size(); ++i)
        scales[i] = static_cast<float>(std::pow(std::max(inputs[i], x_floor), exponent) /
                                       std::pow(std::max(weights[i], w_floor), 1 - exponent));
    const auto [low, high] = std::minmax_element(scales.begin(), scales.end());
    const double middle = std::sqrt(static_cast<double>(*low) * *high);
    for (float& scale : scales)
        scale = std::isfinite(scale / middle) && scale > 0 ? static_cast<float>(scale / middle) : 1.0f;
    return scales;
}

}  // namespace

std::vector<float> salience_scales(std::span<const float> inputs, std::span<const float> weights, double exponent,
                                   const SharedChannels& shared) {
    return balanced(pooled(inputs, shared, Pooling::mean), pooled(weights, shared, Pooling::mean), exponent);
}

std::vector<float> smoothing_scales(std::span<const float> input_peaks, std::span<const float> weight_peaks,
                                    double alpha, const SharedChannels& shared) {
    return balanced(pooled(input_peaks, shared, Pooling::maximum), pooled(weight_peaks, shared, Pooling::maximum),
                    alpha);
}

std::vector<float> mean_salience(std::span<const float> weights, int columns, int width) {
    const auto n = static_cast<std::size_t>(columns), group = static_cast<std::size_t>(width);
    std::vector<float> mean(n);
    const auto rows = static_cast<float>(weights.size() / n);
    for (std::size_t first = 0; first < weights.size(); first += group) {
        float peak = 1e-20f;
        for (std::size_t j = 0; j < group; ++j) peak = std::max(peak, std::abs(weights[first + j]));
        for (std::size_t j = 0; j < group; ++j) mean[(first + j) % n] += std::abs(weights[first + j]) / peak / rows;
    }
    return mean;
}

std::vector<float> column_peaks(std::span<const float> weights, int columns) {
    std::vector<float> peaks(static_cast<std::size_t>(columns));
    for (std::size_t i = 0; i < weights.size(); ++i) {
        float& peak = peaks[i % peaks.size()];
        peak = std::max(peak, std::abs(weights[i]));
    }
    return peaks;
}

}  // namespace scale::quantize
