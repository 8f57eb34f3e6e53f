#include "quality/measure_texts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/session.h"
#include "quality/metric/distribution.h"

namespace scale::quality {
namespace {

constexpr std::size_t row_memory = std::size_t{512} << 20;
constexpr std::size_t snippet_tokens = 8;
constexpr std::size_t worst_per_text = 3;

struct Compared {
    SequenceResult result;
    std::vector<std::pair<std::size_t, RowComparison>> rows;  // position and comparison
};

Compared compare_text(engine::Session& original, engine::Session& candidate, const model::TokenSequence& text,
                      const ScoredText& scored, std::size_t vocabulary) {
    const std::span<const engine::Token> tokens(text.tokens.data(), scored.length);
    std::vector<float> rows(scored.scored() * vocabulary);
    const auto row = [&](std::size_t position) {
        return std::span<float>(rows).subspan((position - scored.first) * vocabulary, vocabulary);
    };
    const std::size_t end = scored.length - 1;  // the last row predicts a token that is not there
    original.logits(tokens, scored.first, [&](std::size_t position, std::span<const float> logits) {
        if (position < end) std::copy(logits.begin(), logits.end(), row(position).begin());
    });
    Compared compared;
    compared.result.id = text.id;
    compared.result.stratum = text.stratum;
    candidate.logits(tokens, scored.first, [&](std::size_t position, std::span<const float> logits) {
        if (position >= end) return;
        const RowComparison comparison = compare_rows(row(position), logits, tokens[position + 1]);
        compared.result.kl.push_back(comparison.kl);
        compared.result.same_top += comparison.same_top;
        compared.result.original_nll -= comparison.original_log_probability;
        compared.result.candidate_nll -= comparison.candidate_log_probability;
        const double dp =
            std::exp(comparison.original_log_probability) - std::exp(comparison.candidate_log_probability);
        compared.result.squared_dp += dp * dp;
        compared.rows.emplace_back(position, comparison);
    });
    return compared;
}

std::vector<WorstToken> worst_tokens(const engine::Model& model, const model::TokenSequence& text, Compared& compared) {
    auto& rows = compared.rows;
    const std::size_t kept = std::min(worst_per_text, rows.size());
    std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(kept), rows.end(),
                      [](const auto& a, const auto& b) { return a.second.kl > b.second.kl; });
    std::vector<WorstToken> worst;
    for (std::size_t i = 0; i < kept; ++i) {
        const auto& [position, comparison] = rows[i];
        const std::size_t begin = position + 1 - std::min(snippet_tokens, position + 1);
        const std::span<const engine::Token> tokens(text.tokens);
        worst.push_back({text.id, model.detokenize(tokens.subspan(begin, position + 1 - begin)),
                         model.detokenize(tokens.subspan(position + 1, 1)), comparison.kl,
                         std::exp(comparison.original_log_probability),
                         std::exp(comparison.candidate_log_probability)});
    }
    return worst;
}

}  // namespace

std::size_t longest_text(const engine::Model& original) {
    const std::size_t row = sizeof(float) * static_cast<std::size_t>(original.vocabulary());
    const std::size_t fits = std::max<std::size_t>(row_memory / row, 16);
    const auto trained = static_cast<std::size_t>(original.trained_context());
    return trained > 0 ? std::min(fits, trained) : fits;
}

void measure_texts(const ModelPair& models, const std::vector<model::TokenSequence>& held_out,
                   const std::vector<ScoredText>& texts, Checkpoint& checkpoint,
                   const std::function<void(std::size_t)>& progress) {
    std::set<std::string> done;
    for (const SequenceResult& sequence : checkpoint.done().sequences) done.insert(sequence.id);
    std::size_t longest = 1;
    for (const ScoredText& text : texts) longest = std::max(longest, text.length);
    engine::SessionOptions options;
    options.context = static_cast<int>(longest);
    options.batch = std::min(options.context, models.batch);
    options.threads = models.threads;
    engine::Session original(models.original, options);
    options.kv_type = models.kv_type;
    options.batch = std::min(options.context, models.candidate_batch);
    options.threads = models.candidate_threads > 0 ? models.candidate_threads : models.threads;
    engine::Session candidate(models.candidate, options);
    const auto vocabulary = static_cast<std::size_t>(models.original.vocabulary());
    for (const ScoredText& text : texts) {
        const model::TokenSequence& sequence = held_out[text.index];
        if (!done.count(sequence.id)) {
            Compared compared = compare_text(original, candidate, sequence, text, vocabulary);
            checkpoint.add(compared.result, worst_tokens(models.original, sequence, compared));
        }
        progress(text.scored());
    }
}

}  // namespace scale::quality
