#include "quality/check/paired_items.h"

#include <cmath>
#include <map>

#include "quality/choice.h"

namespace scale::quality {

std::vector<PairedOutcome> correctness(const std::vector<ItemResult>& items) {
    std::vector<PairedOutcome> outcomes;
    for (const ItemResult& item : items) {
        if (item.original_answer.given)
            outcomes.push_back({item.cluster, item.original_answer.right, item.candidate_answer.right, 0});
        else
            outcomes.push_back({item.cluster, chosen(item.original) == item.gold, chosen(item.candidate) == item.gold,
                                1.0 / static_cast<double>(item.original.size())});
    }
    return outcomes;
}

std::vector<PairedOutcome> agreement(const std::vector<ItemResult>& items) {
    std::map<int, std::vector<const ItemResult*>> pairs;
    for (const ItemResult& item : items) pairs[item.cluster].push_back(&item);
    std::vector<PairedOutcome> outcomes;
    for (const auto& [cluster, variants] : pairs) {
        if (variants.size() != 2 || variants[0]->original.empty() || variants[1]->original.empty()) continue;
        const ItemResult& a = *variants[0];
        const ItemResult& b = *variants[1];
        outcomes.push_back({cluster, a.options[chosen(a.original)] == b.options[chosen(b.original)],
                            a.options[chosen(a.candidate)] == b.options[chosen(b.candidate)],
                            1.0 / static_cast<double>(a.options.size())});
    }
    return outcomes;
}

GoldLosses gold_losses(const std::vector<ItemResult>& items) {
    std::map<int, std::pair<Cluster, Cluster>> clusters;
    GoldLosses losses;
    for (const ItemResult& item : items) {
        const double original = gold_loss(item.original, item.gold);
        const double candidate = gold_loss(item.candidate, item.gold);
        auto& [increase, signal] = clusters[item.cluster];
        increase.sum += candidate - original;
        increase.weight += 1;
        signal.sum += original - std::log(static_cast<double>(item.original.size()));
        signal.weight += 1;
        losses.original += original / static_cast<double>(items.size());
        losses.candidate += candidate / static_cast<double>(items.size());
    }
    for (const auto& [cluster, sums] : clusters) {
        losses.increase.push_back(sums.first);
        losses.signal.push_back(sums.second);
    }
    return losses;
}

GoldProbabilities gold_probabilities(const std::vector<ItemResult>& items) {
    std::map<int, Cluster> clusters;
    GoldProbabilities probabilities;
    for (const ItemResult& item : items) {
        const bool written = item.original_answer.given;
        const double original = written ? item.original_answer.right : std::exp(-gold_loss(item.original, item.gold));
        const double candidate =
            written ? item.candidate_answer.right : std::exp(-gold_loss(item.candidate, item.gold));
        Cluster& loss = clusters[item.cluster];
        loss.sum += original - candidate;
        loss.weight += 1;
        probabilities.original += original / static_cast<double>(items.size());
        probabilities.candidate += candidate / static_cast<double>(items.size());
    }
    for (const auto& [cluster, loss] : clusters) probabilities.loss.push_back(loss);
    return probabilities;
}

}  // namespace scale::quality
