// A request as the deployed model is given it: by its own chat template and tokenizer. For worker jobs.
#pragma once

#include <string>
#include <vector>

#include "core/json.h"
#include "engine/model.h"

namespace scale::calibration {

// The text of an item {"messages", "prompt", "answer"}: a chat with an answer ends with that answer, one without ends
// where the model would begin; a completion is prompt and answer. Long texts are clipped to what max_tokens can hold at
// most. Throws an input error where the template refuses the messages.
std::string templated_text(const engine::Model& model, const core::Json& item, std::size_t max_tokens);

// Special tokens spelled in the text become single tokens, as a server does with templated text; a beginning-of-text
// token that template and tokenizer both write is kept once.
std::vector<engine::Token> tokens_of(const engine::Model& model, const std::string& text);

}  // namespace scale::calibration
