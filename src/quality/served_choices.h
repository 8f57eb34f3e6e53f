// Forced choices scored by a model's server.
#pragma once

#include <span>
#include <vector>

#include "engine/session.h"
#include "quality/endpoint/prompt_scorer.h"

namespace scale::quality {

// As engine::Session::score_items(), every continuation as a prompt of its own.
std::vector<engine::ChoiceScores> score_choices(const PromptScorer& server,
                                                std::span<const engine::ChoiceItem> choices);

}  // namespace scale::quality
