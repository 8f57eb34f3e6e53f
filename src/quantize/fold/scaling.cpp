#include "quantize/fold/scaling.h"

namespace scale::quantize {

std::vector<float> inverse(std::span<const float> scales) {
    std::vector<float> result;
    for (const float scale : scales) result.push_back(1 / scale);
    return result;
}

void scale_columns(std::vector<float>& weights, std::span<const float> scales) {
    const std::size_t n = scales.size();
    for (std::size_t first = 0; first < weights.size(); first += n)
        for (std::size_t j = 0; j < n; ++j) weights[first + j] *= scales[j];
}

Moments scaled_inputs(const Moments& moments, std::span<const float> scales) {
    Moments result = moments;
    const auto n = scales.size();
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) result.values[i * n + j] /= scales[i] * scales[j];
    return result;
}

HalvedMoments scaled_inputs(const HalvedMoments& moments, std::span<const float> scales) {
    return {scaled_inputs(moments.first, scales), scaled_inputs(moments.second, scales),
            scaled_inputs(moments.whole, scales)};
}

std::vector<float> scaled_diagonal(const Moments& moments, std::span<const float> scales) {
    std::vector<float> values = diagonal(moments);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] /= scales[i] * scales[i];
    return values;
}

}  // namespace scale::quantize
