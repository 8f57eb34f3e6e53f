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

// n = (z₁₋α + z_power)² (ψ − δ²) / (Δ − δ)², rounded up; 0 where no n suffices (δ ≥ Δ) or nothing differs.
int paired_sample_size(const SampleSizeInput& input);

}  // namespace scale::quality
