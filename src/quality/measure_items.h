// The task part of a measurement.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "quality/checkpoint.h"
#include "quality/endpoint/endpoint.h"
#include "quality/endpoint/prompt_scorer.h"
#include "quality/measure_texts.h"
#include "quality/suite/item.h"

namespace scale::quality {

// The work of an item beside that of one token of text, for the time left.
double work_of(const Item& item);

// Servers, where given; else the engine does it.
struct Servers {
    std::optional<Endpoint> original;  // write the answers of items of generation
    std::optional<Endpoint> candidate;
    std::optional<PromptScorer> original_scorer;  // score texts and forced choices
    std::optional<PromptScorer> candidate_scorer;
};

// Scores every item that the checkpoint lacks with both models, suite by suite, items with a shared beginning next to
// each other. `progress` gets the work done since the last call.
void measure_items(const ModelPair& models, const Servers& servers, const std::vector<Item>& items,
                   Checkpoint& checkpoint, const std::function<void(double)>& progress);

}  // namespace scale::quality
