#include "quantize/uniform/column_order.h"

#include <algorithm>
#include <numeric>

namespace scale::quantize {

std::vector<int> group_aware_order(const Moments& moments, int width) {
    const auto dearer = [&](int a, int b) { return moments.at(a, a) > moments.at(b, b); };
    std::vector<std::vector<int>> groups(static_cast<std::size_t>(moments.columns / width));
    int next = 0;
    for (auto& group : groups) {
        group.resize(static_cast<std::size_t>(width));
        std::iota(group.begin(), group.end(), next);
        next += width;
        std::stable_sort(group.begin(), group.end(), dearer);
    }
    std::stable_sort(groups.begin(), groups.end(),
                     [&](const auto& a, const auto& b) { return dearer(a.front(), b.front()); });
    std::vector<int> order;
    for (const auto& group : groups) order.insert(order.end(), group.begin(), group.end());
    return order;
}

Moments reordered(const Moments& moments, std::span<const int> order) {
    Moments result{moments.columns, std::vector<float>(moments.values.size())};
    std::size_t i = 0;
    for (const int row : order)
        for (const int column : order) result.values[i++] = moments.at(row, column);
    return result;
}

std::vector<float> reordered_columns(std::span<const float> weights, std::span<const int> order) {
    std::vector<float> result(weights.size());
    const std::size_t n = order.size();
    for (std::size_t first = 0; first < weights.size(); first += n)
        for (std::size_t i = 0; i < n; ++i) result[first + i] = weights[first + static_cast<std::size_t>(order[i])];
    return result;
}

UniformMatrix restored(const UniformMatrix& rounded, std::span<const int> order) {
    UniformMatrix result = rounded;
    const auto n = static_cast<std::size_t>(rounded.columns);
    const auto groups = static_cast<std::size_t>(rounded.groups());
    for (std::size_t row = 0; row < static_cast<std::size_t>(rounded.rows); ++row) {
        for (std::size_t i = 0; i < n; ++i)
            result.codes[row * n + static_cast<std::size_t>(order[i])] = rounded.codes[row * n + i];
        for (std::size_t group = 0; group < groups; ++group) {
            const int stored = order[group * static_cast<std::size_t>(rounded.width)] / rounded.width;
            result.scales[row * groups + static_cast<std::size_t>(stored)] = rounded.scales[row * groups + group];
        }
    }
    return result;
}

}  // namespace scale::quantize
