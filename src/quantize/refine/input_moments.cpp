#include "quantize/refine/input_moments.h"

#include <cblas.h>

namespace scale::quantize {

void InputMomentsCollector::observe(const std::string& weight, std::span<const float> rows, int columns,
                                    bool same_input) {
    const auto known = input_of_.find(weight);
    if (known != input_of_.end()) {
        last_input_ = known->second;
    } else if (same_input && !inputs_.empty()) {
        input_of_[weight] = last_input_;  // reads what the layer before it read
    } else {
        last_input_ = inputs_.size();
        input_of_[weight] = last_input_;
        const auto size = static_cast<std::size_t>(columns) * static_cast<std::size_t>(columns);
        inputs_.push_back({columns, {std::vector<float>(size), std::vector<float>(size)}, {}});
    }
    if (same_input) return;  // counted when the first of its readers came by
    Sums& sums = inputs_[last_input_];
    const auto count = rows.size() / static_cast<std::size_t>(columns);
    const auto h = static_cast<std::size_t>(half_);
    cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, columns, static_cast<int>(count), 1.0f, rows.data(), columns,
                1.0f, sums.upper[h].data(), columns);
    sums.count[h] += count;
}

Moments InputMomentsCollector::mean(const Sums& sums, double weight0, double weight1) const {
    const auto n = static_cast<std::size_t>(sums.columns);
    Moments moments{sums.columns, std::vector<float>(n * n)};
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = i; j < n; ++j) {
            const double value = weight0 * static_cast<double>(sums.upper[0][i * n + j]) +
                                 weight1 * static_cast<double>(sums.upper[1][i * n + j]);
            moments.values[i * n + j] = moments.values[j * n + i] = static_cast<float>(value);
        }
    return moments;
}

Moments InputMomentsCollector::half(const std::string& weight, int half) const {
    const Sums& sums = inputs_[input_of_.at(weight)];
    const auto count = static_cast<double>(sums.count[static_cast<std::size_t>(half)]);
    const double factor = count > 0 ? 1 / count : 0;
    return half == 0 ? mean(sums, factor, 0) : mean(sums, 0, factor);
}

Moments InputMomentsCollector::whole(const std::string& weight) const {
    const Sums& sums = inputs_[input_of_.at(weight)];
    const auto count = static_cast<double>(sums.count[0] + sums.count[1]);
    return mean(sums, count > 0 ? 1 / count : 0, count > 0 ? 1 / count : 0);
}

std::uint64_t InputMomentsCollector::tokens(const std::string& weight) const {
    const Sums& sums = inputs_[input_of_.at(weight)];
    return sums.count[0] + sums.count[1];
}

}  // namespace scale::quantize
