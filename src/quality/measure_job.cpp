#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/file.h"
#include "core/hash.h"
#include "engine/model.h"
#include "model/token_set.h"
#include "quality/checkpoint.h"
#include "quality/jobs.h"
#include "quality/measure_items.h"
#include "quality/measure_texts.h"
#include "quality/pilot.h"
#include "quality/scored_texts.h"
#include "quality/served_texts.h"

namespace scale::quality {
namespace {

constexpr std::size_t worst_kept = 10;
constexpr int fewer_at_once = 3;

// The first `most` items of every suite; all of them for 0.
std::vector<Item> first_items(const core::Json& document, const std::string& path, int most) {
    auto items = core::required<std::vector<Item>>(document, "items", path);
    if (most <= 0) return items;
    std::map<std::string, int> taken;
    std::erase_if(items, [&](const Item& item) { return ++taken[item.suite] > most; });
    return items;
}

// A checkpoint may hold more than this look is to see: parts of a later one that was interrupted.
Measurements of_this_look(Measurements measurements, const std::vector<Item>& items,
                          const std::vector<model::TokenSequence>& held_out, const std::vector<ScoredText>& texts) {
    std::set<std::string> wanted_items, wanted_texts;
    for (const Item& item : items) wanted_items.insert(item.id);
    for (const ScoredText& text : texts) wanted_texts.insert(held_out[text.index].id);
    std::erase_if(measurements.items, [&](const ItemResult& item) { return !wanted_items.count(item.id); });
    std::erase_if(measurements.sequences, [&](const SequenceResult& s) { return !wanted_texts.count(s.id); });
    std::erase_if(measurements.worst, [&](const WorstToken& token) { return !wanted_texts.count(token.sequence); });
    return measurements;
}

std::map<std::string, std::string> scoring_of(const core::Json& document, const Servers& servers) {
    std::map<std::string, std::string> sentences;
    if (document.contains("scoring"))
        for (const auto& [suite, entry] : document.at("scoring").items()) {
            const auto scoring = entry.get<SuiteScoring>();
            sentences[suite] = fmt::format("{} ({})", scoring.mode, scoring.why);
            if (servers.original && scoring.mode == scoring::generation)
                sentences[suite] += fmt::format(", answers by the servers' models {} and {}", servers.original->model(),
                                                servers.candidate ? servers.candidate->model() : "");
            else if (servers.original_scorer && scoring.mode == scoring::likelihood)
                sentences[suite] += ", scored by the servers";
        }
    return sentences;
}

// The template by what it makes of a conversation: files spell the same template in several ways.
std::string template_digest(const engine::Model& model) {
    if (!model.has_chat_template()) return "none";
    const std::string written =
        model.apply_chat_template({{"system", "S"}, {"user", "U"}, {"assistant", "A"}, {"user", "V"}}, true);
    return core::sha256_hex(written).substr(0, 12);
}

std::vector<Identity> identities_of(const engine::Model& original, const engine::Model& candidate) {
    const std::string before = template_digest(original), after = template_digest(candidate);
    return {
        {"chat template", before, after, before == after},
        {"trained context", fmt::format("{}", original.trained_context()),
         fmt::format("{}", candidate.trained_context()), candidate.trained_context() >= original.trained_context()}};
}

// Asked before any work, so that a server that is not there is said at once.
Servers writers_of(const MeasureRequest& wanted) {
    Servers servers;
    if (!wanted.original_server.url.empty()) servers.original.emplace(wanted.original_server);
    if (!wanted.candidate_server.url.empty()) servers.candidate.emplace(wanted.candidate_server);
    return servers;
}

void add_scorers(Servers& servers, const MeasureRequest& wanted, int vocabulary) {
    ScorerOptions options{wanted.top_tokens, vocabulary};
    servers.original_scorer.emplace(wanted.original_server, options);
    if (wanted.other_order) {
        options.reversed = true;
        options.at_once = fewer_at_once;
    }
    servers.candidate_scorer.emplace(wanted.candidate_server, options);
}

void keep_worst(std::vector<WorstToken>& worst) {
    std::sort(worst.begin(), worst.end(), [](const auto& a, const auto& b) { return a.kl > b.kl; });
    worst.resize(std::min(worst.size(), worst_kept));
}

}  // namespace

core::Json measure_job(const core::Json& request, engine::JobContext& context) {
    const auto wanted = request.get<MeasureRequest>();
    Servers servers = writers_of(wanted);
    const core::Json document = core::parse_json(core::read_file(wanted.items), wanted.items);
    const std::vector<Item> items = first_items(document, wanted.items, wanted.items_per_suite);
    const auto held_out = model::parse_token_set(core::read_file(wanted.held_out), wanted.held_out);
    // Where servers score, files only tell tokenizer, template and context.
    const engine::ModelOptions opened{.vocabulary_only = wanted.served};
    const engine::Model original(wanted.original, opened);
    const engine::Model candidate(wanted.candidate, opened);
    require_same_vocabulary(original, candidate);
    if (wanted.served) add_scorers(servers, wanted, original.vocabulary());
    std::size_t longest = std::min(longest_text(original), longest_text(candidate));
    if (wanted.served) longest = std::min(longest, servers.original_scorer->longest());
    const auto texts = choose_texts(held_out, wanted.plan(), longest, wanted.seed);

    Checkpoint checkpoint(wanted.checkpoint);
    const ModelPair models{
        original, candidate, wanted.threads, wanted.kv_type, 512, wanted.candidate_batch, wanted.candidate_threads};
    double total = 0;
    for (const Item& item : items) total += work_of(item);
    for (const ScoredText& text : texts) total += static_cast<double>(text.scored());
    double done = 0;
    const auto text_done = [&](std::size_t tokens) {
        context.progress(done += static_cast<double>(tokens), total, "held-out traffic");
    };
    if (wanted.served)
        measure_served_texts(*servers.original_scorer, *servers.candidate_scorer, original, held_out, texts, checkpoint,
                             text_done);
    else if (!texts.empty())
        measure_texts(models, held_out, texts, checkpoint, text_done);
    measure_items(models, servers, items, checkpoint, [&](double work) {
        const auto& scored = checkpoint.done().items;
        context.progress(done += work, total, scored.empty() ? "" : scored.back().suite);
    });
    Measurements measurements = of_this_look(checkpoint.done(), items, held_out, texts);
    keep_worst(measurements.worst);
    measurements.identities = identities_of(original, candidate);
    measurements.scoring = scoring_of(document, servers);
    if (wanted.served && !servers.original_scorer->whole()) measurements.known_tokens = wanted.top_tokens;
    return measurements;
}

}  // namespace scale::quality
