// How much training a QAT plan asks for, and what that costs. Pure functions; every figure is an estimate.
//
// Tokens: ParetoQ (Liu et al. 2025, arXiv 2502.02631) finds a break between 3 and 2 bits: from 3 bits on, weights
// compensate (they move by 10–20 %); at 2 and below, representations are rebuilt (about 40 %), which takes several
// times the tokens. Hence 2 tokens a parameter at 3 bits and 6 at 2, within 10⁸ (enough for 700 steps) and 2·10⁹ (what
// QAD-style runs from a good start report).
// Flop: 6·N·T for the student's forward and backward pass, 2·N·T for the teacher's forward pass.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace scale::choice {

struct Effort {
    double tokens = 0;
    double tokens_per_parameter = 0;  // before the bounds
    int length = 0;                   // of a training sequence
    int batch = 0;                    // sequences a step
    std::int64_t steps = 0;
    double learning_rate = 0;
    std::int64_t warm_up = 0;  // steps
    double flop = 0;
    double state_bytes = 0;  // weights, gradients, Adam's moments, teacher
};

Effort plan_effort(std::uint64_t parameters, double nominal_bits, std::uint64_t trained_context);

// Hardware by name: peak of dense BF16 as the maker states it, and a rental price that is assumed.
struct Accelerator {
    const char* name;
    double peak_flop;  // per second
    double memory_bytes;
    double price_per_hour;  // US dollars
};
const std::vector<Accelerator>& accelerators();

inline constexpr double utilisation = 0.4;  // of the peak, usual for training at this size

struct Cost {
    int devices = 1;   // as many as the state needs
    double hours = 0;  // of wall time on that many
    double dollars = 0;
};
Cost cost_on(const Accelerator& accelerator, const Effort& effort);

// Hours on a machine that runs the original's prompt processing at `prefill` tokens a second: four forward passes'
// worth (student forward and backward, teacher forward).
double hours_at(double prefill, const Effort& effort);

}  // namespace scale::choice
