// Which samples drive the outlier channels: for every input of a linear layer, the channels with the highest peaks and
// the samples that reach them.
//
// A quantiser sees a channel as large as the calibration samples make it. An outlier channel that no sample drives is
// rounded as if it did not matter, which is where small sets fail (CoverCal, arXiv 2604.24008, whose idea this is; the
// definitions are ours). The *peak* of a channel in a sample is the largest |x| over its tokens. *Outlier channels* of
// a layer are the hundredth of its channels with the highest peaks over all samples, at least 8. A sample *reaches* a
// channel where its peak there is at least 0.9 of the highest. A channel weighs as its energy, the sum of x² over all
// tokens of all samples.
//
// Memory: for every channel the samples that reach it, 8 bytes each; few do, but where all do (an attention sink) all
// are listed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/input_observer.h"

namespace scale::calibration {

inline constexpr double outlier_share = 0.01;
inline constexpr std::size_t least_outliers = 8;
inline constexpr float reaching = 0.9f;  // of the highest peak

struct OutlierChannel {
    double weight = 0;                   // of the layer's outlier energy; sums to 1
    std::vector<std::uint32_t> samples;  // that reach it, ascending
};

struct LayerOutliers {
    std::string layer;  // the first weight that reads this input; experts' channels one after the other
    std::vector<OutlierChannel> channels;
};

class ChannelPeaks : public engine::InputObserver {
  public:
    // Between these calls the tokens of one sample run. Samples come in ascending order.
    void begin_sample(std::uint32_t sample);
    void end_sample();

    bool wants(const std::string&) override { return true; }
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) override;
    void observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                         std::span<const std::int32_t> experts, bool same_input) override;

    std::vector<LayerOutliers> outliers() const;  // of all samples so far; layers in the order of their names

  private:
    struct Layer {
        std::vector<float> now;      // peaks in the current sample
        std::vector<float> highest;  // over all samples
        std::vector<double> energy;
        std::vector<std::vector<std::pair<std::uint32_t, float>>> reached;  // by channel: sample and its peak there
    };
    void add_row(Layer& layer, const float* row, std::size_t first, std::size_t columns);

    std::map<std::string, Layer> layers_;
    std::uint32_t sample_ = 0;
};

}  // namespace scale::calibration
