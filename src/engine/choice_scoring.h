// Scoring continuations of prompts with as few forward passes as possible.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/session.h"

namespace scale::engine {

std::vector<ChoiceScores> score_choices(Session::Implementation& session, std::span<const ChoiceItem> items,
                                        const std::function<void(std::size_t)>& progress);

}  // namespace scale::engine
