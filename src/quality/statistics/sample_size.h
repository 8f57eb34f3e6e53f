// How many paired items a non-inferiority comparison needs.
#pragma once

namespace scale::quality {

struct SampleSizeInput {
    double discordance = 0;  // ψ: share of items on which the two models differ in correctness
    double loss = 0;         // δ: true loss to plan for
    double margin = 0;       // Δ
    double alpha = 0.05;     // one-sided
    double power = 0.8;
};

// n = (z₁₋α √V₀ + z_power √(ψ − δ²))² / (Δ − δ)², rounded up, with V₀ the variance that Tango's score takes for the
// expected table (Lachin, Controlled Clinical Trials 2, 1981, for tests whose variance differs under the hypothesis).
// The usual formula with V₀ = ψ − δ² promises 80 % where the test has 68 % at ψ = Δ = 0.03. 0 where no n suffices
// (δ ≥ Δ) or nothing differs.
int paired_sample_size(const SampleSizeInput& input);

}  // namespace scale::quality
