// Greedy generation for many prompts at once. For src/engine only; callers use Session::generate_all.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/session.h"

namespace scale::engine {

std::vector<Generation> generate_many(Session::Implementation& session, std::span<const GenerationItem> items,
                                      const std::function<void(std::size_t)>& progress);

}  // namespace scale::engine
