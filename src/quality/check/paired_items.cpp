#include "quality/check/paired_items.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "quality/choice.h"

namespace scale::quality {

namespace {

// What the model answered, to compare two answers; "" where nothing could be read off.
const std::string& answer_of(const ItemResult& item, Arm arm) {
    if (item.written()) return (arm == Arm::original ? item.original_answer : item.candidate_answer).said;
    return item.options[chosen(arm == Arm::original ? item.original : item.candidate)];
}

bool agree(const ItemResult& a, const ItemResult& b, Arm arm) {
    return !answer_of(a, arm).empty() && answer_of(a, arm) == answer_of(b, arm);
}

// The probability of the right answer; of a written one, how much of it was right.
double gold_probability(const ItemResult& item, Arm arm) {
    if (item.written()) return (arm == Arm::original ? item.original_answer : item.candidate_answer).score;
    return std::exp(-gold_loss(arm == Arm::original ? item.original : item.candidate, item.gold));
}

}  // namespace

double chance_of(const ItemResult& item) {
    return item.written() ? item.chance : 1.0 / static_cast<double>(item.original.size());
}

bool is_right(const ItemResult& item, Arm arm) {
    if (item.written()) return (arm == Arm::original ? item.original_answer : item.candidate_answer).right;
    return chosen(arm == Arm::original ? item.original : item.candidate) == item.gold;
}

std::vector<PairedOutcome> correctness(const std::vector<ItemResult>& items) {
    std::vector<PairedOutcome> outcomes;
    for (const ItemResult& item : items)
        outcomes.push_back(
            {item.cluster, is_right(item, Arm::original), is_right(item, Arm::candidate), chance_of(item)});
    return outcomes;
}

std::vector<PairedOutcome> agreement(const std::vector<ItemResult>& items) {
    std::map<int, std::vector<const ItemResult*>> pairs;
    for (const ItemResult& item : items) pairs[item.cluster].push_back(&item);
    std::vector<PairedOutcome> outcomes;
    for (const auto& [cluster, variants] : pairs) {
        if (variants.size() != 2) continue;
        const ItemResult& a = *variants[0];
        const ItemResult& b = *variants[1];
        outcomes.push_back({cluster, agree(a, b, Arm::original), agree(a, b, Arm::candidate), chance_of(a)});
    }
    return outcomes;
}

GoldLosses gold_losses(const std::vector<ItemResult>& items) {
    std::map<int, std::pair<Cluster, Cluster>> clusters;
    GoldLosses losses;
    const auto scored = std::count_if(items.begin(), items.end(), [](const auto& item) { return !item.written(); });
    for (const ItemResult& item : items) {
        if (item.written()) continue;
        const double original = gold_loss(item.original, item.gold);
        const double candidate = gold_loss(item.candidate, item.gold);
        auto& [increase, signal] = clusters[item.cluster];
        increase.sum += candidate - original;
        increase.weight += 1;
        signal.sum += original - std::log(static_cast<double>(item.original.size()));
        signal.weight += 1;
        losses.original += original / static_cast<double>(scored);
        losses.candidate += candidate / static_cast<double>(scored);
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
        const double original = gold_probability(item, Arm::original);
        const double candidate = gold_probability(item, Arm::candidate);
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
