// Are the calibration samples enough? Split-half stability of the activation statistics.
//
// The samples at even places and those at odd places each give a mean square of every input channel. Both estimate the
// same figure from half of the samples, so their relative difference |a − b| / ((a + b) / 2) shows how much of it is
// chance. A layer's difference is the median over its channels (experts' channels counted apart, those that a half has
// not seen left out). The mean over all samples is (a + b) / 2; were the samples independent, its variance would be
// that of (a − b) / 2, so half the difference estimates its error. Enough is a difference below 5 % in every layer
// (research/quality.md §1.10). The difference falls with the root of the number of samples, which gives the number that
// would be enough.
#pragma once

#include <cstdint>
#include <string>

#include "engine/activations.h"
#include "record/payload.h"

namespace scale::quantize {

inline constexpr double stable_difference = 0.05;

// The sums of both halves; a layer may be in one only.
engine::Statistics sum_of(engine::Statistics a, const engine::Statistics& b);

// No layers where one half is empty.
record::StatisticsStability stability_of(const engine::Statistics& even, const engine::Statistics& odd,
                                         std::uint64_t samples);

// "Halves of the 256 samples differ by …": the figures and the answer, for people.
std::string sentence_on(const record::StatisticsStability& stability);

}  // namespace scale::quantize
