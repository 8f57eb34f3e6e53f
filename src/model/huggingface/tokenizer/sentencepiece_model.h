// tokenizer.model: a serialised ModelProto of SentencePiece. Only the fields that are used are decoded.
// Source: sentencepiece_model.proto, and the protocol buffers encoding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace scale::model {

struct SentencePiece {
    std::string text;
    float score = 0;
    std::uint64_t kind = 1;  // ModelProto.SentencePiece.Type: normal 1 to byte 6
};

struct SentencePieceModel {
    std::vector<SentencePiece> pieces;
    std::uint64_t algorithm = 1;       // TrainerSpec.ModelType: unigram 1, bpe 2, word 3, char 4
    bool rewrites_characters = false;  // the normaliser has a table of characters to replace
};

// Throws an input error naming `source` for bytes that are no such message: a length past the end, an overlong number,
// a group, a piece of an unknown kind.
SentencePieceModel read_sentencepiece(std::span<const std::byte> bytes, const std::string& source);

}  // namespace scale::model
