#include "divergence.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.h"
#include "core/file.h"

namespace scale::bench {

std::vector<model::TokenSequence> sequences_of(const engine::Model& model, const std::filesystem::path& text,
                                               std::size_t tokens) {
    // No tokenizer in use spells a token with more than some 8 bytes on average.
    const auto all = model.tokenize(core::read_file(text).substr(0, 8 * tokens), true, false);
    std::vector<model::TokenSequence> sequences;
    for (std::size_t at = 0; at + sequence_tokens <= std::min(all.size(), tokens); at += sequence_tokens) {
        sequences.push_back({std::to_string(at), "", "", {}});
        const auto first = all.begin() + static_cast<std::ptrdiff_t>(at);
        sequences.back().tokens.assign(first, first + sequence_tokens);
    }
    if (sequences.empty()) throw core::input_error(text.string() + " is shorter than one sequence of 512 tokens");
    return sequences;
}

RowDivergence compare_rows(std::span<const float> p, std::span<const float> q) {
    const auto top_p = std::max_element(p.begin(), p.end()), top_q = std::max_element(q.begin(), q.end());
    double zp = 0, zq = 0, sum = 0;
    for (std::size_t i = 0; i < p.size(); ++i) {
        const double x = std::exp(static_cast<double>(p[i] - *top_p));
        zp += x;
        zq += std::exp(static_cast<double>(q[i] - *top_q));
        sum += x * static_cast<double>((p[i] - *top_p) - (q[i] - *top_q));
    }
    return {sum / zp + std::log(zq) - std::log(zp), top_p - p.begin() == top_q - q.begin()};
}

MeanError mean_of(const std::vector<double>& values) {
    const auto n = static_cast<double>(values.size());
    double mean = 0, squares = 0;
    for (const double value : values) mean += value / n;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return {mean, n > 1 ? std::sqrt(squares / (n - 1) / n) : 0};
}

}  // namespace scale::bench
