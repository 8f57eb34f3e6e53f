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
    std::vector<engine::ChoiceItem> choices;  // parallel to items
};

// One suite at a time, so that only the long-context suite pays for a long cache.
std::map<std::string, Work> plan(const engine::Model& model, const std::vector<Item>& items,
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
        work.choices.push_back(tokenize_item(model, *item));
    }
    return suites;
}

engine::SessionOptions session_options(const Work& work, int threads) {
    std::size_t longest = 1, options = 1;
    for (const auto& choice : work.choices) {
        options = std::max(options, choice.continuations.size());
        for (const auto& continuation : choice.continuations)
            longest = std::max(longest, choice.prompt.size() + continuation.size());
    }
    engine::SessionOptions session;
    session.context = static_cast<int>(longest);
    // A long text leaves no room for a second one in the pass.
    session.sequences = static_cast<int>(1 + (longest > 400 ? options : std::max(options, sequence_budget)));
    session.batch = 512;
    session.threads = threads;
    return session;
}

void measure_suite(const ModelPair& models, const Work& work, Checkpoint& checkpoint,
                   const std::function<void(std::size_t)>& progress) {
    engine::SessionOptions options = session_options(work, models.threads);
    engine::Session original(models.original, options);
    options.kv_type = models.kv_type;
    engine::Session candidate(models.candidate, options);
    for (std::size_t begin = 0; begin < work.items.size(); begin += items_per_part) {
        const std::size_t count = std::min(items_per_part, work.items.size() - begin);
        const std::span<const engine::ChoiceItem> part(work.choices.data() + begin, count);
        const auto of_original = original.score_items(part);
        const auto of_candidate = candidate.score_items(part);
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
    for (const auto& [suite, work] : plan(models.original, items, checkpoint))
        measure_suite(models, work, checkpoint, progress);
}

}  // namespace scale::quality
