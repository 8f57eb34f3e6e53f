// Are the servers what the pass says they are? Shown on tokens of held-out texts, before anything is judged by them.
#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/session.h"
#include "quality/endpoint/prompt_scorer.h"
#include "quality/jobs.h"
#include "quality/measure_texts.h"

namespace scale::quality {
namespace {

constexpr std::uint64_t compared_tokens = 1024;
// One model in 16 bits was seen up to 0.044 nats from the engine (bfloat16; docs/measurements/formats.md). Another model
// or tokenizer is nats away.
constexpr double furthest_original = 0.1;
constexpr double clearly_nearer = 0.5;

using Row = std::vector<double>;

// Log probabilities of the tokens that stand at all scored places, text after text.
Row by_engine(const engine::Model& model, const std::vector<ScoredPrompt>& texts, engine::SessionOptions options) {
    std::size_t longest = 1;
    for (const ScoredPrompt& text : texts) longest = std::max(longest, text.tokens.size());
    options.context = static_cast<int>(longest);
    options.batch = std::min(options.context, options.batch);
    engine::Session session(model, options);
    Row row;
    for (const ScoredPrompt& text : texts)
        session.logits(text.tokens, text.first, [&](std::size_t position, std::span<const float> logits) {
            if (position + 1 < text.tokens.size())
                row.push_back(engine::log_probability(logits, text.tokens[position + 1]));
        });
    return row;
}

Row by_server(const PromptScorer& server, const std::vector<ScoredPrompt>& texts) {
    Row row;
    for (const auto& text : server.log_probabilities(texts)) row.insert(row.end(), text.begin(), text.end());
    return row;
}

double distance(const Row& a, const Row& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return sum / static_cast<double>(std::max<std::size_t>(a.size(), 1));
}

// Distances that are no part of the result.
struct CrossDistances {
    double original_from_candidate = 0;  // the original's server from the engine on the candidate
    double candidate_from_original = 0;
    double servers = 0;
};

[[noreturn]] void refuse(const std::string& found, const std::string& expected, const std::string& next) {
    throw core::input_error(found, expected, next);
}

// Where a server is much nearer to the other model than to its own.
void refuse_exchanged(const std::string& server, const char* own, const char* other, double from_own,
                      double from_other) {
    if (from_other >= clearly_nearer * from_own) return;
    refuse(fmt::format("the server {} is the {} rather than the {}: mean |Δ log p| {:.4f} nats from the engine on the "
                       "former, {:.4f} on the latter",
                       server, other, own, from_other, from_own),
           fmt::format("the {}'s own log probabilities", own),
           fmt::format("serve the {} at {}_url", own, own));
}

void refuse_other_models(const record::ServedMeasurement& served, const CrossDistances& cross) {
    if (!(served.original_off <= served.limit))
        refuse(fmt::format("the server {} gives other log probabilities than the engine on the original: mean |Δ log "
                           "p| {:.4f} nats over {} tokens",
                           served.original, served.original_off, served.tokens),
               fmt::format("at most {:g} nats, as of one model computed in 16 bits", served.limit),
               "serve the original of this pass, unquantised, at original_url");
    if (served.between <= 0) return;  // one file under two names
    if (cross.servers == 0)
        refuse(fmt::format("{} and {} give the same log probabilities to the last digit over {} tokens",
                           served.original, served.candidate, served.tokens),
               "two models: the files differ", "serve the candidate's checkpoint at candidate_url");
    refuse_exchanged(served.original, "original", "candidate", served.original_off, cross.original_from_candidate);
    refuse_exchanged(served.candidate, "candidate", "original", served.candidate_off, cross.candidate_from_original);
}

}  // namespace

core::Json agreement_job(const core::Json& request, engine::JobContext& context) {
    const auto wanted = request.get<MeasureRequest>();
    const auto held_out = model::parse_token_set(core::read_file(wanted.held_out), wanted.held_out);
    const engine::Model original(wanted.original);
    const engine::Model candidate(wanted.candidate);
    require_same_vocabulary(original, candidate);
    const ScorerOptions scoring{wanted.top_tokens, original.vocabulary()};
    const PromptScorer original_server(wanted.original_server, scoring);
    const PromptScorer candidate_server(wanted.candidate_server, scoring);
    TokenPlan plan = wanted.plan();
    plan.tokens = std::min(plan.tokens, compared_tokens);
    const std::size_t longest =
        std::min({longest_text(original), longest_text(candidate), original_server.longest()});
    std::vector<ScoredPrompt> texts;
    for (const ScoredText& text : choose_texts(held_out, plan, longest, wanted.seed))
        texts.push_back({{held_out[text.index].tokens.data(), text.length}, text.first});

    constexpr double parts = 4;
    const char* note = "engine and servers";
    const Row served_original = by_server(original_server, texts);
    context.progress(1, parts, note);
    const Row served_candidate = by_server(candidate_server, texts);
    context.progress(2, parts, note);
    engine::SessionOptions options;
    options.threads = wanted.threads;
    const Row own_original = by_engine(original, texts, options);
    context.progress(3, parts, note);
    options.kv_type = wanted.kv_type;
    const Row own_candidate = by_engine(candidate, texts, options);

    record::ServedMeasurement served;
    served.original = original_server.description();
    served.candidate = candidate_server.description();
    served.top_tokens = original_server.whole() ? original.vocabulary() : wanted.top_tokens;
    served.whole = original_server.whole();
    served.texts = static_cast<int>(texts.size());
    served.tokens = static_cast<int>(own_original.size());
    served.original_off = distance(served_original, own_original);
    served.candidate_off = distance(served_candidate, own_candidate);
    served.between = distance(own_original, own_candidate);
    served.limit = furthest_original;
    if (served.tokens > 0)
        refuse_other_models(served, {distance(served_original, own_candidate), distance(served_candidate, own_original),
                                     distance(served_original, served_candidate)});
    return served;
}

}  // namespace scale::quality
