// Whole second-moment matrices of layer inputs, in two halves.
//
// Samples alternate between half 0 and half 1, so that a choice made on one half (damping, feedback or not) is judged
// on the other. Layers that read the same input (query, key and value; gate and up) share one matrix. Memory: 2 · 4 ·
// columns² bytes per distinct input; the caller limits it by naming the weights wanted in one pass.
//
// Experts of a mixture have moments of their own, under expert_name(). Few tokens reach some of them, so their moments
// are drawn towards the mean of the whole layer, which counts as much as `columns` tokens: about what a matrix of that
// width needs. An expert without a token has the layer's mean.
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

// "blk.0.ffn_up_exps.weight[3]"
std::string expert_name(const std::string& weight, int expert);

class InputMomentsCollector : public engine::InputObserver {
  public:
    // Names of weights, and of experts. The sums do not depend on the number of threads.
    explicit InputMomentsCollector(const std::set<std::string>& weights, int threads = 1);

    virtual void begin_sample(int half) { half_ = half; }
    bool wants(const std::string& weight) override { return wanted_.contains(weight) || experts_.contains(weight); }
    void observe(const std::string& weight, std::span<const float> rows, int columns, bool same_input) override;
    void observe_experts(const std::string& weight, std::span<const float> rows, int columns,
                         std::span<const std::int32_t> experts, bool same_input) override;

    bool has(const std::string& weight) const { return input_of_.contains(weight); }
    // The mean of x xᵀ over the tokens of one half, and of both; an expert's drawn towards its layer's.
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
        std::string owner;             // the weight whose observation adds to it
        std::size_t layer = no_layer;  // of an expert: the sums of the whole layer
    };
    static constexpr std::size_t no_layer = static_cast<std::size_t>(-1);
    std::size_t make_input(int columns, const std::string& owner);
    void add(Sums& sums, std::span<const float> rows) const;
    // Σ_h weights[h] · (sums of half h)
    static Moments weighted(const Sums& sums, const std::array<double, 2>& weights);
    Moments mean_of_halves(const std::string& weight, bool first, bool second) const;
    void observe_expert(const std::string& weight, int expert, std::span<const float> rows, int columns,
                        bool same_input, std::size_t layer);

    int threads_;
    std::set<std::string> wanted_;
    std::map<std::string, std::set<int>> experts_;  // wanted, by weight
    std::string last_experts_;                      // the weight whose experts were observed last as first reader
    std::map<std::string, std::size_t> input_of_;
    std::vector<Sums> inputs_;
    std::size_t last_input_ = 0;
    int half_ = 0;
};

}  // namespace scale::quantize
