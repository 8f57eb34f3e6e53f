// Whole-model KL divergence from the original, sequence by sequence, with the original's logits kept: all candidates
// are compared on the same tokens, so that differences between them are paired.
#pragma once

#include <filesystem>
#include <vector>

#include "model/token_set.h"

namespace scale::quantize {

struct PairedDifference {
    double mean = 0;   // of b − a, nats a token
    double error = 0;  // standard error over sequences; infinite below two sequences
};

// Both: mean KL of each sequence.
PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b);
double mean_of(const std::vector<double>& values);

class DivergenceMeter {
  public:
    // Runs the original once. Memory: 4 · vocabulary bytes a token; sequences beyond `memory_bytes` are left out (at
    // least one stays). Needs sequences of at least two tokens.
    DivergenceMeter(const std::filesystem::path& original, const std::vector<model::TokenSequence>& texts, int threads,
                    std::uint64_t memory_bytes = std::uint64_t{512} << 20);

    // Mean KL(original ‖ candidate) of each sequence, nats a token. Opens the file anew each time.
    std::vector<double> measure(const std::filesystem::path& candidate) const;

    std::size_t sequences() const { return texts_.size(); }
    std::uint64_t tokens() const { return model::count_tokens(texts_); }

  private:
    std::vector<model::TokenSequence> texts_;
    std::size_t longest_ = 1;
    int threads_;
    std::vector<std::vector<float>> logits_;  // of each text, from its second position on
};

}  // namespace scale::quantize
