#include "quality/measure_items.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

#include "engine/session.h"
#include "quality/choice.h"
#include "quality/served_choices.h"
#include "quality/written_answers.h"

namespace scale::quality {
namespace {

constexpr std::size_t items_per_part = 20;  // scored between two checkpoints
constexpr std::size_t answers_per_part = 32;
constexpr std::size_t prompt_kept = 2000;    // bytes of a question's end, kept with its answers
constexpr std::size_t sequence_budget = 16;  // more share a forward pass, at the cost of cache memory

// Items of one suite and one way of scoring.
struct Work {
    std::vector<const Item*> items;
    std::vector<engine::ChoiceItem> original;  // parallel to items; empty for generation
    std::vector<engine::ChoiceItem> candidate;
};

bool written(const Item& item) {
    return item.mode == scoring::generation;
}

// A server with a shorter context loses the beginning of a prompt that does not fit.
void fit(engine::ChoiceItem& choice, int context) {
    std::size_t longest = 0;
    for (const auto& continuation : choice.continuations) longest = std::max(longest, continuation.size());
    const auto room = static_cast<std::size_t>(std::max(context, 0));
    if (context <= 0 || choice.prompt.size() + longest <= room || longest + 1 > room) return;
    choice.prompt.erase(choice.prompt.begin(), choice.prompt.end() - static_cast<std::ptrdiff_t>(room - longest));
}

// One suite at a time, so that only the long-context suite pays for a long cache.
// Each model reads an item through its own tokenizer, template and context, as it would be served: what was damaged
// there is a loss like any other.
std::map<std::string, Work> plan(const ModelPair& models, const std::vector<Item>& items,
                                 const Checkpoint& checkpoint) {
    std::set<std::string> done;
    for (const ItemResult& item : checkpoint.done().items) done.insert(item.id);
    std::vector<const Item*> order;
    for (const Item& item : items)
        if (!done.count(item.id)) order.push_back(&item);
    std::stable_sort(order.begin(), order.end(), [](const Item* a, const Item* b) { return a->task < b->task; });
    std::map<std::string, Work> suites;
    for (const Item* item : order) {
        Work& work = suites[item->suite + " " + item->mode];
        work.items.push_back(item);
        if (written(*item)) continue;
        work.original.push_back(tokenize_item(models.original, *item));
        work.candidate.push_back(tokenize_item(models.candidate, *item));
        fit(work.candidate.back(), models.candidate.trained_context());
    }
    return suites;
}

engine::SessionOptions session_options(const std::vector<engine::ChoiceItem>& choices, int threads, int batch) {
    std::size_t longest = 1, options = 1;
    for (const auto& choice : choices) {
        options = std::max(options, choice.continuations.size());
        for (const auto& continuation : choice.continuations)
            longest = std::max(longest, choice.prompt.size() + continuation.size());
    }
    engine::SessionOptions session;
    session.context = static_cast<int>(longest);
    // A long text leaves no room for a second one in the pass.
    session.sequences = static_cast<int>(1 + (longest > 400 ? options : std::max(options, sequence_budget)));
    session.batch = batch;
    session.threads = threads;
    return session;
}

int candidate_threads(const ModelPair& models) {
    return models.candidate_threads > 0 ? models.candidate_threads : models.threads;
}

// The last `bytes` bytes at most, beginning with a whole character.
std::string tail_of(const std::string& text, std::size_t bytes) {
    std::size_t begin = text.size() - std::min(bytes, text.size());
    while (begin < text.size() && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) ++begin;
    return text.substr(begin);
}

ItemResult result_of(const Item& item) {
    ItemResult result;
    result.id = item.id;
    result.suite = item.suite;
    result.task = item.task;
    result.cluster = item.cluster;
    result.gold = item.gold;
    result.options = item.options;
    result.chance = item.chance;
    if (written(item)) result.prompt = tail_of(item.prompt, prompt_kept);
    return result;
}

double work_of(std::span<const Item* const> items) {
    double work = 0;
    for (const Item* item : items) work += quality::work_of(*item);
    return work;
}

using ChoiceScorer = std::function<std::vector<engine::ChoiceScores>(std::span<const engine::ChoiceItem>)>;

// What scores the choices of one side: its server, or the engine in a session that lives as long as the scorer.
ChoiceScorer scorer_of(const std::optional<PromptScorer>& server, const engine::Model& model,
                       const engine::SessionOptions& options) {
    if (server) return [&](std::span<const engine::ChoiceItem> choices) { return score_choices(*server, choices); };
    const auto session = std::make_shared<engine::Session>(model, options);
    return [session](std::span<const engine::ChoiceItem> choices) { return session->score_items(choices); };
}

void measure_choices(const ModelPair& models, const Servers& servers, const Work& work, Checkpoint& checkpoint,
                     const std::function<void(double)>& progress) {
    const ChoiceScorer original = scorer_of(servers.original_scorer, models.original,
                                            session_options(work.original, models.threads, models.batch));
    engine::SessionOptions options = session_options(work.candidate, candidate_threads(models), models.candidate_batch);
    options.kv_type = models.kv_type;
    const ChoiceScorer candidate = scorer_of(servers.candidate_scorer, models.candidate, options);
    for (std::size_t begin = 0; begin < work.items.size(); begin += items_per_part) {
        const std::size_t count = std::min(items_per_part, work.items.size() - begin);
        const auto of_original = original({work.original.data() + begin, count});
        const auto of_candidate = candidate({work.candidate.data() + begin, count});
        std::vector<ItemResult> results;
        for (std::size_t i = 0; i < count; ++i) {
            const Item& item = *work.items[begin + i];
            ItemResult result = result_of(item);
            result.original = option_scores(item, of_original[i]);
            result.candidate = option_scores(item, of_candidate[i]);
            results.push_back(std::move(result));
        }
        checkpoint.add(results);
        progress(work_of({work.items.data() + begin, count}));
    }
}

using Part = std::span<const Item* const>;
using Writer = std::function<std::vector<Answer>(Part)>;

// What writes the answers of one side: its server, or the engine in a session that lives as long as the writer.
Writer writer_of(const std::optional<Endpoint>& server, const engine::Model& model, engine::SessionOptions options) {
    if (server) return [&](Part part) { return server->write_answers(part); };
    const auto session = std::make_shared<engine::Session>(model, options);
    return [&model, session, context = options.context](Part part) {
        return write_answers(model, *session, context, part);
    };
}

void measure_answers(const ModelPair& models, const Servers& servers, const Work& work, Checkpoint& checkpoint,
                     const std::function<void(double)>& progress) {
    engine::SessionOptions options = writing_options(models.original, work.items, models.threads);
    options.batch = models.batch;
    const Writer original = writer_of(servers.original, models.original, options);
    options = writing_options(models.candidate, work.items, candidate_threads(models));
    options.batch = models.candidate_batch;
    options.kv_type = models.kv_type;
    const Writer candidate = writer_of(servers.candidate, models.candidate, options);
    for (std::size_t begin = 0; begin < work.items.size(); begin += answers_per_part) {
        const std::size_t count = std::min(answers_per_part, work.items.size() - begin);
        const Part part(work.items.data() + begin, count);
        const auto of_original = original(part);
        const auto of_candidate = candidate(part);
        std::vector<ItemResult> results;
        for (std::size_t i = 0; i < count; ++i) {
            ItemResult result = result_of(*part[i]);
            result.original_answer = of_original[i];
            result.candidate_answer = of_candidate[i];
            results.push_back(std::move(result));
        }
        checkpoint.add(results);
        progress(work_of(part));
    }
}

}  // namespace

double work_of(const Item& item) {
    constexpr double choice = 45, written_token = 2.5;  // rough: only the progress hangs on it
    return written(item) ? choice + written_token * item.answer_tokens : choice;
}

void measure_items(const ModelPair& models, const Servers& servers, const std::vector<Item>& items,
                   Checkpoint& checkpoint, const std::function<void(double)>& progress) {
    std::set<std::string> done;
    for (const ItemResult& item : checkpoint.done().items) done.insert(item.id);
    double before = 0;
    for (const Item& item : items) before += done.count(item.id) ? work_of(item) : 0;
    progress(before);
    for (const auto& [suite, work] : plan(models, items, checkpoint)) {
        if (work.original.empty())
            measure_answers(models, servers, work, checkpoint, progress);
        else
            measure_choices(models, servers, work, checkpoint, progress);
    }
}

}  // namespace scale::quality
