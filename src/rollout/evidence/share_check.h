// Do the arms get the units they should? A mismatch means that assignment or logging is broken, and every comparison of
// the arms with it.
//
// Method (Lindon & Malek 2022, sequential sample-ratio mismatch): a Dirichlet-multinomial Bayes factor against the
// intended share w, with prior weight c = 1000. For each new unit that lands on arm x, n units before it:
//   ln B += ln((c w_x + n_x) / (c + n)) − ln w_x
// B is a martingale when the shares are right, so P(B ever ≥ 1000) ≤ 0.001. At a change of the share the counts start
// anew and B goes on: the product of two martingales' steps is still one.
#pragma once

#include <cstdint>

namespace scale::rollout {

class ShareCheck {
  public:
    void add(bool on_candidate, double share);  // the first sight of a unit; 0 < share < 1, else passed over

    double log_evidence() const { return log_evidence_; }
    bool mismatch() const { return mismatch_; }  // latched
    std::uint64_t candidate_units() const { return total_candidate_; }
    std::uint64_t original_units() const { return total_original_; }

    template <typename Archive>
    void exchange_state(Archive& archive) {
        archive(share_, candidate_, original_, total_candidate_, total_original_, log_evidence_, mismatch_);
    }

  private:
    double share_ = -1;
    std::uint64_t candidate_ = 0;  // at the present share
    std::uint64_t original_ = 0;
    std::uint64_t total_candidate_ = 0;
    std::uint64_t total_original_ = 0;
    double log_evidence_ = 0;
    bool mismatch_ = false;
};

}  // namespace scale::rollout
