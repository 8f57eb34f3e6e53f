// Non-inferiority of a paired proportion: Tango's score test (T. Tango, Statistics in Medicine 17, 1998), with its
// size made exact.
//
// Of n items, `base_only` are right with the original and wrong with the candidate, `candidate_only` the reverse; the
// loss is δ = (base_only − candidate_only) / n. The test of H0: δ ≥ Δ rejects for a small score
//
//     z(Δ) = (base_only − candidate_only − nΔ) / √(n (2q + Δ(1 − Δ))),
//
// q being the maximum-likelihood probability of candidate_only under δ = Δ, the larger root of 2n·q² + B·q + C = 0 with
// B = −base_only − candidate_only + (2n − base_only + candidate_only)Δ and C = −candidate_only·Δ(1 − Δ).
//
// Comparing z with the normal quantile holds its level where discordance is well above Δ, but not near its least value
// ψ = Δ: with no discordant item at all, n = 88 passes Δ = 0.03 although that outcome has probability 0.069 there. The
// exact unconditional p-value (Hsueh, Liu, Chen, Biometrics 57, 2001) takes the same score as its ordering and the
// worst q, so its size is at most α for every n, Δ and ψ (q on a fine grid; tests enumerate it).
#pragma once

namespace scale::quality {

struct PairedCounts {
    int n = 0;
    int base_only = 0;
    int candidate_only = 0;
};

// Real counts, as they come out of a design effect, are allowed.
double tango_score(double n, double base_only, double candidate_only, double margin);

// One-sided limits of the loss by inverting the score: H0 at any δ beyond the limit is rejected at level α.
double tango_upper(double n, double base_only, double candidate_only, double alpha);
double tango_lower(double n, double base_only, double candidate_only, double alpha);

// sup over q of P(score ≤ the observed score | loss = margin, q).
double exact_noninferiority_p(const PairedCounts& counts, double margin);

// The smallest loss (to 1e-5) that exact_noninferiority_p rejects at level α; never below tango_upper.
double exact_upper(const PairedCounts& counts, double alpha);

}  // namespace scale::quality
