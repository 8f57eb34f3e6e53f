#include "quantize/allocation/texts.h"

#include <algorithm>
#include <cmath>

namespace scale::quantize {

namespace {

constexpr std::size_t least_to_divide = 8;
constexpr std::size_t held_out_every = 4;
constexpr std::size_t short_piece = 256;

// Evenly spaced samples, each cut to `longest`, with about `wanted` tokens in all.
std::vector<model::TokenSequence> spread(const std::vector<model::TokenSequence>& samples, std::uint64_t wanted,
                                         std::size_t longest) {
    std::uint64_t all = 0;
    for (const auto& sample : samples) all += std::min(sample.tokens.size(), longest);
    const double share =
        std::min(1.0, static_cast<double>(wanted) / static_cast<double>(std::max<std::uint64_t>(1, all)));
    std::vector<model::TokenSequence> kept;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        if (std::floor(static_cast<double>(i + 1) * share) <= std::floor(static_cast<double>(i) * share)) continue;
        kept.push_back(samples[i]);
        kept.back().tokens.resize(std::min(kept.back().tokens.size(), longest));
    }
    if (kept.empty() && !samples.empty()) kept.push_back(samples.front());
    return kept;
}

}  // namespace

AllocationTexts divide_texts(const std::vector<model::TokenSequence>& calibration, const Effort& effort) {
    std::vector<model::TokenSequence> made_on, held_out;
    for (std::size_t i = 0; i < calibration.size(); ++i) {
        const bool held = calibration.size() >= least_to_divide && i % held_out_every == held_out_every - 1;
        (held ? held_out : made_on).push_back(calibration[i]);
    }
    constexpr std::size_t whole = SIZE_MAX;
    return {spread(made_on, effort.search_inputs, whole), spread(made_on, effort.search_probes, short_piece),
            spread(held_out, effort.search_held_out, short_piece)};
}

}  // namespace scale::quantize
