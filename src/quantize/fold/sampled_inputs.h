// Input moments together with some of the inputs themselves, which rounding of activations needs: it goes by token.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "quantize/refine/input_moments.h"

namespace scale::quantize {

struct InputSample {
    int columns = 0;
    std::array<std::vector<float>, 2> rows;   // of each half, row-major: evenly spaced tokens
    std::array<std::vector<float>, 2> peaks;  // largest |x| of each channel over all tokens of the half
};

// As InputMomentsCollector; of every input one token in `stride` is kept.
class SampledInputs : public InputMomentsCollector {
  public:
    SampledInputs(const std::set<std::string>& weights, std::uint64_t stride, int threads = 1);

    void begin_sample(int half) override;
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) override;

    // Of the input that the weight reads; has(weight) must hold.
    const InputSample& sample(const std::string& weight) const { return samples_.at(input_of(weight)); }

  private:
    std::uint64_t stride_;
    int half_ = 0;
    std::map<std::size_t, InputSample> samples_;
    std::map<std::size_t, std::uint64_t> seen_;
};

}  // namespace scale::quantize
