// Is a bad event more likely on the candidate? A test that stays valid however often one looks, while the candidate's
// share ramps and the base rate drifts.
//
// Method (Lindon & Malek 2022, conditional test for counts): look only at bad events and ask which arm each hit. With
// share ρ at assignment and a rate ratio r (candidate over original), the event is the candidate's with probability
//   θ(r) = ρ r / (ρ r + 1 − ρ),
// in which the common rate has cancelled. Against the boundary ratio r0, the likelihood ratio of each alternative of a
// grid is a non-negative supermartingale under every ratio on the null's side, and so is the grid's mean E; by Ville's
// inequality P(E ever ≥ 1/α) ≤ α.
//
//   harm test    null r ≤ r0, grid r0 · 8^(k/24), k = 1…24
//   safety test  null r ≥ r0, grid r0 / 8^(k/24)
//
// Feed the first event of each unit only: units are what was randomised.
#pragma once

#include <array>
#include <cstdint>

namespace scale::rollout {

enum class TestDirection { harm, safety };

class EventTest {
  public:
    EventTest(TestDirection direction, double boundary_ratio);

    // `share`: the candidate's, 0 < share < 1, when the event's request was assigned. At 0 or 1 the arm was no choice
    // and the event says nothing: it is passed over.
    void add(bool on_candidate, double share);

    double log_evidence() const;                              // ln E now
    double highest_log_evidence() const { return highest_; }  // since the start: a decision once reached stays
    double p_value() const;                                   // always valid: min(1, 1 / max E)
    bool reached(double alpha) const;                         // max E ≥ 1/α
    std::uint64_t events_on_candidate() const { return on_candidate_; }
    std::uint64_t events_on_original() const { return on_original_; }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(log_likelihood_ratios_, highest_, on_candidate_, on_original_);
    }

  private:
    static constexpr int grid_points = 24;
    double boundary_;
    std::array<double, grid_points> ratios_{};
    std::array<double, grid_points> log_likelihood_ratios_{};
    double highest_ = 0;
    std::uint64_t on_candidate_ = 0;
    std::uint64_t on_original_ = 0;
};

}  // namespace scale::rollout
