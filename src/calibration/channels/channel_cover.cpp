#include "calibration/channels/channel_cover.h"

#include <algorithm>
#include <map>
#include <queue>
#include <set>

namespace scale::calibration {

namespace {

// One outlier channel of one layer, by number over all layers.
struct Cover {
    std::vector<double> value;                                // of each channel; sums to 1
    std::map<std::size_t, std::vector<std::size_t>> reached;  // by sample
    std::vector<bool> covered;
};

Cover cover_of(const std::vector<LayerOutliers>& outliers) {
    Cover cover;
    for (const LayerOutliers& layer : outliers)
        for (const OutlierChannel& channel : layer.channels) {
            for (const std::uint32_t sample : channel.samples) cover.reached[sample].push_back(cover.value.size());
            cover.value.push_back(channel.weight / static_cast<double>(outliers.size()));
        }
    cover.covered.resize(cover.value.size());
    return cover;
}

double gain_of(const Cover& cover, std::size_t sample) {
    const auto found = cover.reached.find(sample);
    if (found == cover.reached.end()) return 0;
    double gain = 0;
    for (const std::size_t channel : found->second) gain += cover.covered[channel] ? 0 : cover.value[channel];
    return gain;
}

void take(Cover& cover, std::size_t sample) {
    if (const auto found = cover.reached.find(sample); found != cover.reached.end())
        for (const std::size_t channel : found->second) cover.covered[channel] = true;
}

struct Candidate {
    double gain = 0;
    std::size_t stratum = 0;
    std::size_t rank = 0;  // within it
    // A greater gain first; of equal ones the better by topic.
    bool operator<(const Candidate& other) const {
        if (gain != other.gain) return gain < other.gain;
        return rank != other.rank ? rank > other.rank : stratum > other.stratum;
    }
};

}  // namespace

std::vector<record::LayerChannels> channel_coverage(const std::vector<LayerOutliers>& outliers,
                                                    const std::vector<std::size_t>& chosen) {
    const std::set<std::size_t> in_set(chosen.begin(), chosen.end());
    std::vector<record::LayerChannels> layers;
    for (const LayerOutliers& layer : outliers) {
        record::LayerChannels figures{layer.layer, static_cast<int>(layer.channels.size()), 0};
        for (const OutlierChannel& channel : layer.channels)
            if (std::any_of(channel.samples.begin(), channel.samples.end(),
                            [&](std::uint32_t sample) { return in_set.count(sample) > 0; }))
                figures.coverage += channel.weight;
        figures.coverage = std::min(1.0, figures.coverage);
        layers.push_back(figures);
    }
    return layers;
}

double mean_coverage(const std::vector<record::LayerChannels>& layers) {
    double sum = 0;
    for (const record::LayerChannels& layer : layers) sum += layer.coverage;
    return layers.empty() ? 1 : sum / static_cast<double>(layers.size());
}

std::vector<std::size_t> cover_channels(const std::vector<LayerOutliers>& outliers, const std::vector<Seats>& strata) {
    Cover cover = cover_of(outliers);
    std::vector<std::size_t> left;
    std::priority_queue<Candidate> queue;
    for (std::size_t h = 0; h < strata.size(); ++h) {
        left.push_back(std::min(strata[h].seats, strata[h].candidates.size()));
        for (std::size_t rank = 0; rank < strata[h].candidates.size(); ++rank)
            queue.push({gain_of(cover, strata[h].candidates[rank]), h, rank});
    }
    std::vector<std::size_t> chosen;
    while (!queue.empty()) {
        Candidate best = queue.top();
        queue.pop();
        if (left[best.stratum] == 0) continue;
        const std::size_t sample = strata[best.stratum].candidates[best.rank];
        // Gains only fall, so one that is still the largest after it was computed again is the largest of all.
        const double gain = gain_of(cover, sample);
        if (gain < best.gain) {
            best.gain = gain;
            queue.push(best);
            continue;
        }
        take(cover, sample);
        chosen.push_back(sample);
        --left[best.stratum];
    }
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

}  // namespace scale::calibration
