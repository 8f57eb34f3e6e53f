// Texts that share a forward pass. Short texts alone leave most of a pass's width unused.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/session.h"
#include "model/token_set.h"

namespace scale::quantize {

struct TextPack {
    int half = 0;                    // 0: texts at even places of the set, 1: at odd ones (moments come in two halves)
    std::vector<std::size_t> texts;  // their places
};

// Texts longer than the model was trained for are cut there (0: not known); the length of the longest, at least 1.
std::size_t cut_to_context(std::vector<model::TokenSequence>& set, int trained_context);

// In the order in which they run: all of half 0, then half 1. What shares a pass depends on the lengths alone, so that
// a resumed run computes the same numbers. A text longer than a pass is a pack of its own.
std::vector<TextPack> pack_texts(const std::vector<model::TokenSequence>& set);

// For Session::run_together with any of the packs; `longest` text in tokens.
engine::SessionOptions pack_session(std::size_t longest, int threads);

std::vector<std::span<const engine::Token>> texts_of(const TextPack& pack,
                                                     const std::vector<model::TokenSequence>& set);

}  // namespace scale::quantize
