#include "calibration/channels/channel_peaks.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace scale::calibration {

namespace {

LayerOutliers outliers_of(const std::string& name, const std::vector<float>& highest, const std::vector<double>& energy,
                          const std::vector<std::vector<std::pair<std::uint32_t, float>>>& reached) {
    std::vector<std::size_t> order(highest.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const std::size_t wanted =
        std::min(order.size(),
                 std::max(least_outliers,
                          static_cast<std::size_t>(std::ceil(outlier_share * static_cast<double>(highest.size())))));
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(),
        [&](std::size_t a, std::size_t b) { return highest[a] != highest[b] ? highest[a] > highest[b] : a < b; });
    order.resize(wanted);
    double total = 0;
    for (const std::size_t channel : order) total += energy[channel];
    LayerOutliers outliers{name, {}};
    for (const std::size_t channel : order) {
        if (highest[channel] == 0) continue;  // silent
        outliers.channels.push_back({energy[channel] / total, {}});
        for (const auto& [sample, peak] : reached[channel])
            if (peak >= reaching * highest[channel]) outliers.channels.back().samples.push_back(sample);
    }
    return outliers;
}

}  // namespace

void ChannelPeaks::begin_sample(std::uint32_t sample) {
    sample_ = sample;
    for (auto& [name, layer] : layers_) std::fill(layer.now.begin(), layer.now.end(), 0.0f);
}

void ChannelPeaks::end_sample() {
    for (auto& [name, layer] : layers_)
        for (std::size_t c = 0; c < layer.now.size(); ++c) {
            const float peak = layer.now[c];
            if (peak == 0 || peak < reaching * layer.highest[c]) continue;
            auto& reached = layer.reached[c];
            if (peak > layer.highest[c]) {
                layer.highest[c] = peak;
                std::erase_if(reached, [&](const auto& one) { return one.second < reaching * peak; });
            }
            reached.emplace_back(sample_, peak);
        }
}

void ChannelPeaks::add_row(Layer& layer, const float* row, std::size_t first, std::size_t columns) {
    if (const std::size_t end = first + columns; layer.now.size() < end) {
        layer.now.resize(end);
        layer.highest.resize(end);
        layer.energy.resize(end);
        layer.reached.resize(end);
    }
    float* now = layer.now.data() + first;
    double* energy = layer.energy.data() + first;
    for (std::size_t c = 0; c < columns; ++c) {
        now[c] = std::max(now[c], std::abs(row[c]));
        energy[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
    }
}

void ChannelPeaks::observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) {
    if (same_input) return;
    Layer& layer = layers_[weight];
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t at = 0; at < rows.size(); at += width) add_row(layer, rows.data() + at, 0, width);
}

void ChannelPeaks::observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                                   std::span<const std::int32_t> experts, bool same_input) {
    if (same_input) return;
    Layer& layer = layers_[weight];
    const auto width = static_cast<std::size_t>(columns);
    for (std::size_t i = 0; i < experts.size(); ++i)
        if (experts[i] >= 0)
            add_row(layer, rows.data() + i * width, static_cast<std::size_t>(experts[i]) * width, width);
}

std::vector<LayerOutliers> ChannelPeaks::outliers() const {
    std::vector<LayerOutliers> all;
    for (const auto& [name, layer] : layers_) {
        LayerOutliers outliers = outliers_of(name, layer.highest, layer.energy, layer.reached);
        if (!outliers.channels.empty()) all.push_back(std::move(outliers));
    }
    return all;
}

}  // namespace scale::calibration
