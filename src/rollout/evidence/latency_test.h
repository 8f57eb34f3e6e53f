// Is the candidate slower? A one-sided confidence sequence for the mean difference of a measured quantity (here the
// logarithm of a time), valid at every look in the limit of many units.
//
// Method (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2024, asymptotic confidence sequences) on inverse-propensity
// scores: with share ρ_i, arm a_i and m the mean of all earlier values,
//   ψ_i = (y_i − m_{i−1}) (a_i / ρ_i − (1 − a_i) / (1 − ρ_i)),      E ψ_i = the effect, whatever the ramp and the drift
//   ρ*  = sqrt((−2 ln 2α + ln(−2 ln 2α + 1)) / N*)                  N*: the count at which a decision is expected
//   w   = sqrt(v · 2 (n ρ*² + 1) / (n ρ*)² · ln(1 + sqrt(n ρ*² + 1) / 2α))
// The effect exceeds mean − w at all n at once with probability 1 − α, and falls below mean + w likewise. The limit is
// asymptotic, so nothing is decided before `minimum` units of the candidate.
//
// One value per unit: the first, since later ones of a sticky unit are no new random draw.
#pragma once

#include <cstdint>

namespace scale::rollout {

class LatencyTest {
  public:
    struct Options {
        double alpha = 0.01;
        double margin = 0.1823215568;  // tolerated rise of the mean logarithm: ln 1.20
        double expected_count = 5000;  // N*
        std::uint64_t minimum = 200;   // units of the candidate
    };

    explicit LatencyTest(const Options& options) : options_(options) {}

    void add(double value, bool on_candidate, double share);

    bool enough() const { return on_candidate_ >= options_.minimum; }
    double effect() const { return mean_; }  // mean difference, candidate − original
    double halfwidth() const;                // infinite below two values
    bool harm() const { return harm_; }      // latched: effect − halfwidth > margin
    bool safe() const;                       // now: effect + halfwidth < margin
    double margin() const { return options_.margin; }
    std::uint64_t count() const { return count_; }
    std::uint64_t on_candidate() const { return on_candidate_; }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(baseline_, values_, count_, on_candidate_, mean_, squares_, harm_);
    }

  private:
    Options options_;
    double baseline_ = 0;  // running mean of all values
    std::uint64_t values_ = 0;
    std::uint64_t count_ = 0;  // scores
    std::uint64_t on_candidate_ = 0;
    double mean_ = 0;
    double squares_ = 0;  // sum of squared deviations of the scores (Welford)
    bool harm_ = false;
};

}  // namespace scale::rollout
