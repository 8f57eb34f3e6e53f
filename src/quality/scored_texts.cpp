#include "quality/scored_texts.h"

#include <algorithm>
#include <numeric>

#include "core/random.h"

namespace scale::quality {
namespace {

std::size_t shared_beginning(const std::vector<model::TokenSequence>& texts) {
    if (texts.size() < 2) return 0;
    const auto& reference = texts[0].tokens;
    std::size_t shared = reference.size();
    for (const auto& text : texts) {
        const auto end = std::mismatch(reference.begin(), reference.end(), text.tokens.begin(), text.tokens.end());
        shared = std::min(shared, static_cast<std::size_t>(end.first - reference.begin()));
    }
    return shared;
}

}  // namespace

std::vector<ScoredText> choose_texts(const std::vector<model::TokenSequence>& held_out, std::uint64_t tokens,
                                     std::size_t longest, std::uint64_t seed) {
    const std::size_t shared = shared_beginning(held_out);
    const std::size_t first = shared == 0 ? 0 : shared - 1;
    const std::size_t cut = std::clamp<std::size_t>(tokens / 32, 64, 512);
    std::vector<std::size_t> order(held_out.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    core::Random(seed, "held-out order").shuffle(order);
    std::vector<ScoredText> chosen;
    std::uint64_t total = 0;
    for (const std::size_t index : order) {
        if (total >= tokens) break;
        const std::size_t room = std::min<std::uint64_t>(cut, tokens - total);
        const std::size_t length = std::min({held_out[index].tokens.size(), first + 1 + room, longest});
        if (length < first + 2) continue;
        chosen.push_back({index, length, first});
        total += chosen.back().scored();
    }
    return chosen;
}

}  // namespace scale::quality
