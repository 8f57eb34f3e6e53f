#include "quality/text_comparison.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace scale::quality {
namespace {

constexpr std::size_t snippet_tokens = 8;
constexpr std::size_t worst_per_text = 3;

}  // namespace

TextComparison::TextComparison(const model::TokenSequence& text) : text_(text) {
    result_.id = text.id;
    result_.stratum = text.stratum;
}

void TextComparison::add(std::size_t position, const RowComparison& comparison) {
    result_.kl.push_back(comparison.kl);
    result_.same_top += comparison.same_top;
    result_.original_nll -= comparison.original_log_probability;
    result_.candidate_nll -= comparison.candidate_log_probability;
    const double dp = std::exp(comparison.original_log_probability) - std::exp(comparison.candidate_log_probability);
    result_.squared_dp += dp * dp;
    rows_.emplace_back(position, comparison);
}

std::vector<WorstToken> TextComparison::worst(const engine::Model& model) const {
    auto rows = rows_;
    const std::size_t kept = std::min(worst_per_text, rows.size());
    std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(),
                      [](const auto& a, const auto& b) { return a.second.kl > b.second.kl; });
    std::vector<WorstToken> worst;
    const std::span<const engine::Token> tokens(text_.tokens);
    for (std::size_t i = 0; i < kept; ++i) {
        const auto& [position, comparison] = rows[i];
        const std::size_t begin = position + 1 - std::min(snippet_tokens, position + 1);
        worst.push_back({text_.id, model.detokenize(tokens.subspan(begin, position + 1 - begin)),
                         model.detokenize(tokens.subspan(position + 1, 1)), comparison.kl,
                         std::exp(comparison.original_log_probability),
                         std::exp(comparison.candidate_log_probability)});
    }
    return worst;
}

}  // namespace scale::quality
