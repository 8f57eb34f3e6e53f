#include "quantize/text_packs.h"

#include <algorithm>

namespace scale::quantize {

namespace {

constexpr std::size_t pass_tokens = 512;
constexpr std::size_t most_together = 16;

}  // namespace

std::size_t cut_to_context(std::vector<model::TokenSequence>& set, int trained_context) {
    std::size_t longest = 1;
    for (model::TokenSequence& text : set) {
        if (trained_context > 0 && text.tokens.size() > static_cast<std::size_t>(trained_context))
            text.tokens.resize(static_cast<std::size_t>(trained_context));
        longest = std::max(longest, text.tokens.size());
    }
    return longest;
}

std::vector<TextPack> pack_texts(const std::vector<model::TokenSequence>& set) {
    std::vector<TextPack> packs;
    for (std::size_t half = 0; half < 2; ++half) {
        std::size_t tokens = 0;
        bool open = false;
        for (std::size_t i = half; i < set.size(); i += 2) {
            const std::size_t length = set[i].tokens.size();
            if (!open || packs.back().texts.size() == most_together || tokens + length > pass_tokens) {
                packs.push_back({static_cast<int>(half), {}});
                tokens = 0;
                open = true;
            }
            packs.back().texts.push_back(i);
            tokens += length;
        }
    }
    return packs;
}

engine::SessionOptions pack_session(std::size_t longest, int threads) {
    engine::SessionOptions options;
    options.context = static_cast<int>(std::max<std::size_t>(longest, 1));
    options.sequences = most_together;
    options.cells = std::max(options.context, static_cast<int>(pass_tokens));
    options.batch = pass_tokens;
    options.threads = threads;
    return options;
}

std::vector<std::span<const engine::Token>> texts_of(const TextPack& pack,
                                                     const std::vector<model::TokenSequence>& set) {
    std::vector<std::span<const engine::Token>> texts;
    for (const std::size_t i : pack.texts) texts.emplace_back(set[i].tokens);
    return texts;
}

}  // namespace scale::quantize
