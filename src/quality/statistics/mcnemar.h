// The alarm for a regression: McNemar's test in its exact one-sided form.
//
// It answers "is the candidate worse at all?", never "is it good enough?": a gate that passes whatever is not
// significantly worse accepts nearly every regression on a small sample (bench/gate_simulation.cpp shows the rates).
#pragma once

namespace scale::quality {

// P(Binomial(base_only + candidate_only, ½) ≥ base_only): small where the original wins too many of the disagreements.
double mcnemar_worse(int base_only, int candidate_only);

}  // namespace scale::quality
