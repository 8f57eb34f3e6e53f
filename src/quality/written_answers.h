// Items of generation: asked of a model, and their answers judged.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/model.h"
#include "engine/session.h"
#include "quality/measurements.h"
#include "quality/suite/item.h"

namespace scale::quality {

// The tokens after which the model writes. A chat item goes through the model's template with its opening of an answer;
// a model without one gets the message as a paragraph. Any other item is text to be continued.
std::vector<engine::Token> prompt_tokens(const engine::Model& model, const Item& item);

// A session in which these items fit: as many answers at once as are worth their cache, eight at most.
engine::SessionOptions writing_options(const engine::Model& model, std::span<const Item* const> items, int threads);

// The text judged by the item's check, with what it shows of the model's manners.
Answer judge_written(const Item& item, const std::string& text, int tokens, bool capped);

// Greedy, in a session of writing_options with this context; result[i] belongs to items[i]. A prompt that does not fit
// the context loses its beginning, as with a server.
std::vector<Answer> write_answers(const engine::Model& model, engine::Session& session, int context,
                                  std::span<const Item* const> items);

}  // namespace scale::quality
