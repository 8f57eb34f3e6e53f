// Which of the engine's pre-tokenizers splits text as a tokenizer.json does.
#pragma once

#include <string>

#include "core/json.h"

namespace scale::model {

// The engine's name (tokenizer.ggml.pre) for a byte-level BPE tokenizer: recognised by the structure of
// "pre_tokenizer", by the expressions in it and by whether whole words skip the merges. Throws an input error naming
// `source` and what was met for any other structure; a normaliser other than NFC (which the engine leaves out, as texts
// mostly are in that form) is refused too.
std::string recognised_pre_tokenizer(const core::Json& tokenizer, const std::string& source);

}  // namespace scale::model
