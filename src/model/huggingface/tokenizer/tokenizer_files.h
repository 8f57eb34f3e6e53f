// The files that describe a tokenizer in a Hugging Face folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"

namespace scale::model {

struct AddedToken {
    std::uint64_t id = 0;
    std::string content;
    bool special = false;
};

struct TokenizerFiles {
    std::filesystem::path folder;
    core::Json tokenizer;  // tokenizer.json; null where there is none
    core::Json settings;   // tokenizer_config.json; an empty object where there is none
    core::Json config;     // config.json

    std::vector<AddedToken> added_tokens() const;  // of tokenizer.json
};

// Throws an input error naming the file for one that is no JSON object or too large.
TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder);

// Added tokens that act as control tokens although their file does not mark them as special.
bool looks_special(std::string_view token);

// As GGUF stores a token that users write: SentencePiece's mark for a space becomes the space.
std::string with_plain_spaces(std::string_view token);

// Every `what` (not empty) in the text by `by`.
std::string replaced(std::string_view text, std::string_view what, std::string_view by);

}  // namespace scale::model
