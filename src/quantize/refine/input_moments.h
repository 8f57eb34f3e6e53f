// Whole second-moment matrices of layer inputs, in two halves.
//
// Samples alternate between half 0 and half 1, so that a choice made on one half (damping, feedback or not) is judged
// on the other. Layers that read the same input (query, key and value; gate and up) share one matrix. Memory: 2 · 4 ·
// columns² bytes per distinct input; the caller limits it by naming the weights wanted in one pass.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/input_observer.h"
#include "quantize/rounding/hessian.h"

namespace scale::quantize {

class InputMomentsCollector : public engine::InputObserver {
  public:
    explicit InputMomentsCollector(std::set<std::string> weights) : wanted_(std::move(weights)) {}

    void begin_sample(int half) { half_ = half; }
    bool wants(const std::string& weight) override { return wanted_.contains(weight); }
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) override;

    bool has(const std::string& weight) const { return input_of_.contains(weight); }
    // The mean of x xᵀ over the tokens of one half, and of both.
    Moments half(const std::string& weight, int half) const;
    Moments whole(const std::string& weight) const;
    std::uint64_t tokens(const std::string& weight) const;
    // Weights with equal numbers share their input.
    std::size_t input_of(const std::string& weight) const { return input_of_.at(weight); }

  private:
    struct Sums {
        int columns = 0;
        std::array<std::vector<float>, 2> upper;  // Σ x xᵀ, the upper triangle, row-major
        std::array<std::uint64_t, 2> count{};
    };
    Moments mean(const Sums& sums, double weight0, double weight1) const;

    std::set<std::string> wanted_;
    std::map<std::string, std::size_t> input_of_;
    std::vector<Sums> inputs_;
    std::size_t last_input_ = 0;
    int half_ = 0;
};

}  // namespace scale::quantize
