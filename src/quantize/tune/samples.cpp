#include "quantize/tune/samples.h"

#include <algorithm>
#include <cmath>

namespace scale::quantize {

std::uint64_t SplitSamples::training_tokens() const {
    std::uint64_t sum = 0;
    for (const Sample& sample : training) sum += sample.tokens.size();
    return sum;
}

SplitSamples split_samples(const std::vector<model::TokenSequence>& set, const SampleLimits& limits) {
    std::uint64_t all = 0;
    for (const auto& sequence : set) all += std::min(sequence.tokens.size(), limits.longest);
    const double share =
        std::min(1.0, static_cast<double>(limits.tokens) / static_cast<double>(std::max<std::uint64_t>(all, 1)));
    SplitSamples split;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < set.size(); ++i) {
        const auto place = static_cast<double>(i);
        if (share < 1 && std::floor((place + 1) * share) <= std::floor(place * share)) continue;
        if (set[i].tokens.size() < 2) continue;
        Sample sample{set[i].tokens, {}};
        if (sample.tokens.size() > limits.longest) sample.tokens.resize(limits.longest);
        auto& part = kept++ % limits.held_out_every == limits.held_out_every / 2 ? split.held_out : split.training;
        part.push_back(std::move(sample));
    }
    return split;
}

std::vector<std::vector<const Sample*>> in_batches(const std::vector<const Sample*>& samples, std::size_t tokens) {
    std::vector<std::vector<const Sample*>> batches;
    std::size_t used = 0;
    for (const Sample* sample : samples) {
        if (batches.empty() || used + sample->tokens.size() > tokens) {
            batches.emplace_back();
            used = 0;
        }
        batches.back().push_back(sample);
        used += sample->tokens.size();
    }
    return batches;
}

}  // namespace scale::quantize
