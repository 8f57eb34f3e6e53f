// Items of a suite reduced to what the tests take: right or wrong with either model, and the gold losses.
#pragma once

#include <string>
#include <vector>

#include "quality/measurements.h"
#include "quality/statistics/bootstrap.h"

namespace scale::quality {

enum class Arm { original, candidate };

// Of an item of either kind of scoring.
bool is_right(const ItemResult& item, Arm arm);
double chance_of(const ItemResult& item);

struct PairedOutcome {
    int cluster = 0;
    bool original = false;  // right; for consistency: both variants got the same answer
    bool candidate = false;
    double chance = 0;  // of `original` for a model that guesses
};

std::vector<PairedOutcome> correctness(const std::vector<ItemResult>& items);

// One outcome a pair of variants (cluster); a variant without its partner is left out. Two answers off which nothing
// can be read do not agree.
std::vector<PairedOutcome> agreement(const std::vector<ItemResult>& items);

struct GoldLosses {
    std::vector<Cluster> increase;  // candidate − original
    std::vector<Cluster> signal;    // original − ln k: below zero where the original knows more than a guess
    double original = 0;            // means
    double candidate = 0;
};

// Of the items scored by likelihood; written answers have no such loss.
GoldLosses gold_losses(const std::vector<ItemResult>& items);

// The probability of the right option among the options; of a written answer, its score.
struct GoldProbabilities {
    std::vector<Cluster> loss;  // original − candidate
    double original = 0;        // means: the expected accuracy
    double candidate = 0;
};

GoldProbabilities gold_probabilities(const std::vector<ItemResult>& items);

}  // namespace scale::quality
