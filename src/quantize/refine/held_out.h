// Choosing on one half of the input moments and judging on the other.
//
// A few evenly spaced rows of each matrix are rounded with every regularisation on one half of the moments and scored
// by tr(E H Eᵀ) on the half they did not see, both ways round.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "quantize/rounding/damping.h"

namespace scale::quantize {

struct Regularisation {
    double shrinkage = 0;  // of the off-diagonal elements
    double ridge = 0.01;   // in units of the mean diagonal
};

std::vector<Regularisation> default_regularisations();

struct HalvedMoments {
    Moments first, second, whole;
};

// Whether both halves are numbers throughout.
bool all_finite(const HalvedMoments& moments);

// Evenly spaced rows of a matrix (rows × columns, row-major).
std::vector<float> sample_rows(std::span<const float> matrix, int rows, int columns, int wanted);

struct Probe {
    int rows = 0;
    std::vector<float> weights;  // rows × columns
    double power[2] = {};        // tr(W H Wᵀ) on each half
};

Probe make_probe(std::span<const float> matrix, int rows, const HalvedMoments& moments, int wanted);

// tr(E H Eᵀ) of the probe rows so decoded over tr(W H Wᵀ), on one half (0 or 1).
double held_out_loss(const Probe& probe, const HalvedMoments& moments, int half, std::span<const float> decoded);

// The probe rows of reader r, rounded on these moments and decoded.
using ProbeRounder = std::function<std::vector<float>(std::size_t reader, const DampedMoments& on)>;

// losses[choice][reader]: the mean over both ways round.
std::vector<std::vector<double>> held_out_losses(std::span<const Probe> probes, const HalvedMoments& moments,
                                                 std::span<const Regularisation> choices, int threads,
                                                 const ProbeRounder& round);

}  // namespace scale::quantize
