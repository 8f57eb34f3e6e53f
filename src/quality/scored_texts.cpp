#include "quality/scored_texts.h"

#include <algorithm>
#include <numeric>

#include "core/random.h"

namespace scale::quality {
namespace {

// For every text, how many first tokens it shares with some other text. In sorted order that is a neighbour.
std::vector<std::size_t> shared_beginnings(const std::vector<model::TokenSequence>& texts) {
    std::vector<std::size_t> order(texts.size()), shared(texts.size(), 0);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return texts[a].tokens < texts[b].tokens; });
    for (std::size_t i = 1; i < order.size(); ++i) {
        const auto &a = texts[order[i - 1]].tokens, &b = texts[order[i]].tokens;
        const auto end = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
        const auto common = static_cast<std::size_t>(end.first - a.begin());
        shared[order[i - 1]] = std::max(shared[order[i - 1]], common);
        shared[order[i]] = std::max(shared[order[i]], common);
    }
    return shared;
}

}  // namespace

std::vector<ScoredText> choose_texts(const std::vector<model::TokenSequence>& held_out, const TokenPlan& plan,
                                     std::size_t longest, std::uint64_t seed) {
    const std::vector<std::size_t> shared = shared_beginnings(held_out);
    const std::size_t cut = std::clamp<std::size_t>(plan.first / 32, 64, 512);
    std::vector<std::size_t> order(held_out.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    core::Random(seed, "held-out order").shuffle(order);
    std::vector<ScoredText> chosen;
    std::uint64_t total = 0;
    for (const std::size_t index : order) {
        if (total >= plan.tokens) break;
        const std::size_t first = shared[index] == 0 ? 0 : shared[index] - 1;
        const std::size_t room = std::min<std::uint64_t>(cut, plan.last - total);
        const std::size_t length = std::min({held_out[index].tokens.size(), first + 1 + room, longest});
        if (length < first + 2) continue;
        chosen.push_back({index, length, first});
        total += chosen.back().scored();
    }
    return chosen;
}

}  // namespace scale::quality
