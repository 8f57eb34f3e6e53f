// The distribution part of a measurement, by the servers of both models.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "engine/model.h"
#include "model/token_set.h"
#include "quality/checkpoint.h"
#include "quality/endpoint/prompt_scorer.h"
#include "quality/scored_texts.h"

namespace scale::quality {

// As measure_texts(), some texts at a time. `spelling` is the original's vocabulary. The divergence of every token is a
// lower bound unless the servers give the whole vocabulary (metric/known_tokens.h).
void measure_served_texts(const PromptScorer& original, const PromptScorer& candidate, const engine::Model& spelling,
                          const std::vector<model::TokenSequence>& held_out, const std::vector<ScoredText>& texts,
                          Checkpoint& checkpoint, const std::function<void(std::size_t)>& progress);

}  // namespace scale::quality
