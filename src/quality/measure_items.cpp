#include "quality/measure_items.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/error.h"
#include "engine/session.h"
#include "quality/choice.h"

namespace scale::quality {
namespace {

constexpr std::size_t items_per_part = 20;   // scored between two checkpoints
constexpr std::size_t sequence_budget = 16;  // more share a forward pass, at the cost of cache memory

struct Work {
    std::vector<const Item*> items;
    std::vector<engine::ChoiceItem> original;  // parallel to items
    std::vector<engine::ChoiceItem> candidate;
};

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
        Work& work = suites[item->suite];
        work.items.push_back(item);
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

void measure_suite(const ModelPair& models, const Work& work, Checkpoint& checkpoint,
                   const std::function<void(std::size_t)>& progress) {
    engine::Session original(models.original, session_options(work.original, models.threads, models.batch));
    engine::SessionOptions options =
        session_options(work.candidate, models.candidate_threads > 0 ? models.candidate_threads : models.threads,
                        models.candidate_batch);
    options.kv_type = models.kv_type;
    engine::Session candidate(models.candidate, options);
    for (std::size_t begin = 0; begin < work.items.size(); begin += items_per_part) {
        const std::size_t count = std::min(items_per_part, work.items.size() - begin);
        const auto of_original = original.score_items({work.original.data() + begin, count});
        const auto of_candidate = candidate.score_items({work.candidate.data() + begin, count});
        std::vector<ItemResult> results;
        for (std::size_t i = 0; i < count; ++i) {
            const Item& item = *work.items[begin + i];
            results.push_back({item.id, item.suite, item.task, item.cluster, item.gold, item.options,
                               option_scores(of_original[i]), option_scores(of_candidate[i])});
        }
        checkpoint.add(results);
        progress(count);
    }
}

}  // namespace

void measure_items(const ModelPair& models, const std::vector<Item>& items, Checkpoint& checkpoint,
                   const std::function<void(std::size_t)>& progress) {
    progress(checkpoint.done().items.size());
    for (const auto& [suite, work] : plan(models, items, checkpoint)) measure_suite(models, work, checkpoint, progress);
}

}  // namespace scale::quality
