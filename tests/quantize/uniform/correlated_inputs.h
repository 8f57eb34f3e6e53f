// Inputs of a made-up layer: correlated, a few strong channels, the rest of falling size.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "core/random.h"
#include "quantize/refine/held_out.h"

namespace scale::quantize {

// tokens × columns rows.
inline std::vector<float> correlated_rows(int tokens, int columns, std::uint64_t seed, float strong = 6) {
    core::Random mixing(77), random(seed);
    const auto n = static_cast<std::size_t>(columns);
    std::vector<float> mix(n * n);
    for (auto& value : mix) value = static_cast<float>(mixing.normal() / std::sqrt(static_cast<double>(columns)));
    std::vector<float> rows;
    for (int token = 0; token < tokens; ++token) {
        std::vector<float> source(n), x(n);
        for (std::size_t i = 0; i < n; ++i)
            source[i] = static_cast<float>(random.normal() * 4 / std::sqrt(static_cast<double>(i + 1)));
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < n; ++j) x[i] += mix[i * n + j] * source[j];
            if (i % 61 == 0) x[i] *= strong;
        }
        rows.insert(rows.end(), x.begin(), x.end());
    }
    return rows;
}

inline Moments moments_of_rows(const std::vector<float>& rows, int columns) {
    const auto n = static_cast<std::size_t>(columns);
    Moments moments{columns, std::vector<float>(n * n)};
    const auto tokens = static_cast<float>(rows.size() / n);
    for (std::size_t first = 0; first < rows.size(); first += n)
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) moments.values[i * n + j] += rows[first + i] * rows[first + j] / tokens;
    return moments;
}

inline HalvedMoments halved(const std::vector<float>& first, const std::vector<float>& second, int columns) {
    HalvedMoments moments{moments_of_rows(first, columns), moments_of_rows(second, columns), {}};
    moments.whole = moments.first;
    for (std::size_t i = 0; i < moments.whole.values.size(); ++i)
        moments.whole.values[i] = 0.5f * (moments.first.values[i] + moments.second.values[i]);
    return moments;
}

inline std::vector<float> random_weights(int count, std::uint64_t seed, double size = 0.05) {
    core::Random random(seed);
    std::vector<float> weights(static_cast<std::size_t>(count));
    for (auto& weight : weights) weight = static_cast<float>(random.normal() * size);
    return weights;
}

}  // namespace scale::quantize
