// The tokenizer of a Hugging Face folder, as GGUF stores it (keys tokenizer.*).
//
// Two kinds are read: SentencePiece BPE from tokenizer.model, and byte-level BPE from tokenizer.json where the engine
// has a pre-tokenizer of the same structure. Any other is refused by name: a tokenizer that is nearly right damages a
// model without a trace. Source: llama.cpp's conversion/base.py and gguf-py/gguf/vocab.py at the pinned version.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/huggingface/architecture.h"

namespace scale::model {

// tokenizer.ggml.token_type
enum class TokenKind : std::int32_t { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct Vocabulary {
    std::string model;                // "llama" for SentencePiece, "gpt2" for byte-level BPE
    std::string pre;                  // the pre-tokenizer's name in the engine
    std::vector<std::string> tokens;  // as many as the embedding has rows; any bytes
    std::vector<float> scores;        // SentencePiece: one a token
    std::vector<TokenKind> kinds;
    std::vector<std::string> merges;                   // BPE: "left right", best first
    std::map<std::string, std::uint64_t> special_ids;  // "bos", "eos", "unk", "sep", "pad", "mask"
    std::map<std::string, bool> added;                 // "bos", "eos", "sep": put in when a text is tokenized
    std::optional<bool> space_prefix;
    std::string chat_template;  // "" for none
    std::vector<std::string> notes;
};

// Throws an input error naming the file for a missing or unreadable tokenizer, one that is not recognised, and one with
// more tokens than the embedding has rows.
Vocabulary read_vocabulary(const std::filesystem::path& folder, const Architecture& architecture);

}  // namespace scale::model
