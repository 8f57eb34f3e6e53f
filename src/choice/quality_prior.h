// What quality to expect of a type before anything is quantised: mean KL divergence to the original, nats per token.
//
// Prior: ln KL = ln a − b·(bpw − 4.5) + ½·ln((D/N)/1900) − ¼·ln(N/8·10⁹), with N parameters trained on D tokens and
// bpw the bits per weight of the whole file. a and b are least-squares fits to the KL table that llama.cpp publishes
// for Llama-3-8B (tools/perplexity/README; 18 types): K-quants a = .050, b = 1.22; codebook types a = .037, b = 1.41.
// Types of 32-wide blocks lie off that line and pass through their own entry of the table (Q4_0 .0719 at 4.64 bpw, Q8_0
// .0014 at 8.5 bpw); so do mixes wider than the fit's types, which are 8-bit fallbacks for the most part. The D/N
// exponent rests on one pair of models and the N exponent is a guess, so the standard deviation across models is about
// 0.5 in ln KL. No GGUF file tells D: D/N = 1900 is assumed.
#pragma once

#include <cstdint>
#include <string>

#include "choice/candidates.h"

namespace scale::choice {

struct KlEstimate {
    double value = 0;
    double low = 0;   // one standard deviation below
    double high = 0;  // and above
    std::string source;
};

// Zeros and "" for the family gpu, for which there is no prior. Zero for the reference.
KlEstimate estimate_kl(const CandidateType& type, double bits_per_weight, std::uint64_t parameters);

}  // namespace scale::choice
