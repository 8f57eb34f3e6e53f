// Any bytes either read as SentencePiece's tokenizer.model or throw core::Error; what is read came from the bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "core/error.h"
#include "model/huggingface/tokenizer/sentencepiece_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        const std::span bytes{reinterpret_cast<const std::byte*>(data), size};
        const auto model = scale::model::read_sentencepiece(bytes, "fuzz");
        std::uint64_t texts = 0;
        for (const auto& piece : model.pieces) {
            texts += piece.text.size();
            if (piece.kind < 1 || piece.kind > 6) std::abort();
        }
        if (model.pieces.empty() || texts > size || model.pieces.size() > size) std::abort();
    } catch (const scale::core::Error&) {
    }
    return 0;
}
