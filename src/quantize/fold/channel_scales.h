// Scales of input channels that make a layer easier to quantise: W · diag(s) is rounded, and what comes before divides
// its output by s, so that the model computes the same.
#pragma once

#include <span>
#include <vector>

namespace scale::quantize {

// Channels with one number share their scale; empty: every channel has its own. Needed where several inputs come from
// one output (value heads that serve several query heads).
using SharedChannels = std::vector<int>;

// s_j = x_j^r / w_j^(1−r), then divided by √(max · min) (AWQ's duo scaling, Lin et al. 2023, arXiv 2306.00978).
// `inputs` and `weights` are magnitudes of each channel: the root mean square of the inputs, and the mean over rows of
// |w| over the largest |w| of its group. All scales are positive and finite.
std::vector<float> salience_scales(std::span<const float> inputs, std::span<const float> weights, double exponent,
                                   const SharedChannels& shared = {});

// s_j = peak_x^α / peak_w^(1−α) (SmoothQuant, Xiao et al. 2022, arXiv 2211.10438), divided likewise.
std::vector<float> smoothing_scales(std::span<const float> input_peaks, std::span<const float> weight_peaks,
                                    double alpha, const SharedChannels& shared = {});

// Of each column of rows × columns weights: the mean over rows of |w| over the largest |w| in its group of `width`; and
// the largest |w|.
std::vector<float> mean_salience(std::span<const float> weights, int columns, int width);
std::vector<float> column_peaks(std::span<const float> weights, int columns);

}  // namespace scale::quantize
