#include "calibration/channels/channels_job.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <string>

#include "core/error.h"
#include "engine/model.h"
#include "engine/session.h"

namespace scale::calibration {

namespace {

const std::string source = "the request to calibration.channels";

core::Json to_json(const std::vector<LayerOutliers>& outliers) {
    core::Json layers = core::Json::array();
    for (const LayerOutliers& layer : outliers) {
        core::Json channels = core::Json::array();
        for (const OutlierChannel& channel : layer.channels)
            channels.push_back({{"weight", channel.weight}, {"samples", channel.samples}});
        layers.push_back({{"layer", layer.layer}, {"channels", std::move(channels)}});
    }
    return layers;
}

}  // namespace

std::size_t cut_within(const std::vector<std::size_t>& lengths, std::size_t limit) {
    const auto sum = [&](std::size_t cut) {
        return std::accumulate(lengths.begin(), lengths.end(), std::size_t{0},
                               [&](std::size_t total, std::size_t length) { return total + std::min(length, cut); });
    };
    std::size_t low = 2, high = 2;
    for (const std::size_t length : lengths) high = std::max(high, length);
    while (low < high) {
        const std::size_t middle = (low + high + 1) / 2;
        if (sum(middle) <= limit)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

core::Json channels_job(const core::Json& request, engine::JobContext& context) {
    const engine::Model model(core::required<std::string>(request, "model", source));
    const auto sequences = core::required<std::vector<std::vector<engine::Token>>>(request, "sequences", source);
    std::vector<std::size_t> lengths;
    for (const auto& sequence : sequences) lengths.push_back(sequence.size());
    std::size_t cut = cut_within(lengths, core::required<std::size_t>(request, "tokens", source));
    if (model.trained_context() > 0) cut = std::min(cut, static_cast<std::size_t>(model.trained_context()));

    ChannelPeaks peaks;
    engine::SessionOptions options;
    options.context = static_cast<int>(cut);
    options.threads = core::required<int>(request, "threads", source);
    options.observer = &peaks;
    engine::Session session(model, options);
    std::size_t tokens = 0;
    for (std::size_t i = 0; i < sequences.size(); ++i) {
        const std::span<const engine::Token> read = std::span(sequences[i]).first(std::min(cut, sequences[i].size()));
        peaks.begin_sample(static_cast<std::uint32_t>(i));
        if (!read.empty()) session.run_together({&read, 1});
        peaks.end_sample();
        tokens += read.size();
        context.progress(static_cast<double>(i + 1), static_cast<double>(sequences.size()));
    }
    return {{"layers", to_json(peaks.outliers())}, {"tokens", tokens}, {"tokens_per_sample", cut}};
}

std::vector<LayerOutliers> parse_outliers(const core::Json& result) {
    const std::string name = "the result of calibration.channels";
    std::vector<LayerOutliers> outliers;
    for (const core::Json& layer : core::required<core::Json>(result, "layers", name)) {
        outliers.push_back({core::required<std::string>(layer, "layer", name), {}});
        for (const core::Json& channel : core::required<core::Json>(layer, "channels", name))
            outliers.back().channels.push_back({core::required<double>(channel, "weight", name),
                                                core::required<std::vector<std::uint32_t>>(channel, "samples", name)});
    }
    return outliers;
}

}  // namespace scale::calibration
