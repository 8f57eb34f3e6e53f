#include "quality/measure_texts.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "engine/session.h"
#include "quality/metric/distribution.h"
#include "quality/text_comparison.h"

namespace scale::quality {
namespace {

constexpr std::size_t row_memory = std::size_t{512} << 20;

TextComparison compare_text(engine::Session& original, engine::Session& candidate, const model::TokenSequence& text,
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
    TextComparison compared(text);
    candidate.logits(tokens, scored.first, [&](std::size_t position, std::span<const float> logits) {
        if (position >= end) return;
        compared.add(position, compare_rows(row(position), logits, tokens[position + 1]));
    });
    return compared;
}

}  // namespace

void require_same_vocabulary(const engine::Model& original, const engine::Model& candidate) {
    if (original.vocabulary() != candidate.vocabulary())
        throw core::input_error(fmt::format("the candidate has {} tokens", candidate.vocabulary()),
                                fmt::format("the original's vocabulary of {}", original.vocabulary()));
}

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
            const TextComparison compared = compare_text(original, candidate, sequence, text, vocabulary);
            checkpoint.add(compared.result(), compared.worst(models.original));
        }
        progress(text.scored());
    }
}

}  // namespace scale::quality
