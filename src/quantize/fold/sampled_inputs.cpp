#include "quantize/fold/sampled_inputs.h"

#include <algorithm>
#include <cmath>

namespace scale::quantize {

SampledInputs::SampledInputs(const std::set<std::string>& weights, std::uint64_t stride, int threads)
    : InputMomentsCollector(weights, threads), stride_(std::max<std::uint64_t>(1, stride)) {}

void SampledInputs::begin_sample(int half) {
    InputMomentsCollector::begin_sample(half);
    half_ = half;
}

void SampledInputs::observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) {
    InputMomentsCollector::observe(weight, rows, columns, same_input);
    if (same_input) return;
    const std::size_t input = input_of(weight);
    InputSample& sample = samples_[input];
    const auto width = static_cast<std::size_t>(columns), half = static_cast<std::size_t>(half_);
    sample.columns = columns;
    sample.peaks[half].resize(width);
    for (std::size_t first = 0; first < rows.size(); first += width) {
        const auto row = rows.subspan(first, width);
        for (std::size_t j = 0; j < width; ++j)
            sample.peaks[half][j] = std::max(sample.peaks[half][j], std::abs(row[j]));
        if (seen_[input]++ % stride_ == 0) sample.rows[half].insert(sample.rows[half].end(), row.begin(), row.end());
    }
}

}  // namespace scale::quantize
