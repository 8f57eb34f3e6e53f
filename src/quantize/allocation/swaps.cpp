#include "quantize/allocation/swaps.h"

#include <algorithm>
#include <limits>

namespace scale::quantize {

namespace {

constexpr int most_of_one_tensor = 2;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

// The nearest option in bytes on one side with a lower (wider) or the lowest (narrower) cost there.
std::size_t neighbour(const std::vector<KnapsackOption>& options, std::size_t from, bool wider) {
    std::size_t best = none;
    for (std::size_t i = 0; i < options.size(); ++i) {
        if (wider ? options[i].bytes <= options[from].bytes : options[i].bytes >= options[from].bytes) continue;
        if (wider && options[i].cost >= options[from].cost) continue;
        if (best == none) {
            best = i;
            continue;
        }
        const bool nearer = wider ? options[i].bytes < options[best].bytes : options[i].bytes > options[best].bytes;
        if (nearer || (options[i].bytes == options[best].bytes && options[i].cost < options[best].cost)) best = i;
    }
    return best;
}

}  // namespace

std::vector<Swap> propose_swaps(std::span<const std::vector<KnapsackOption>> items,
                                const std::vector<std::size_t>& chosen, std::uint64_t spare, std::size_t most) {
    std::vector<Swap> all;
    for (std::size_t a = 0; a < items.size(); ++a) {
        const std::size_t wider = neighbour(items[a], chosen[a], true);
        if (wider == none) continue;
        const std::uint64_t needed = items[a][wider].bytes - items[a][chosen[a]].bytes;
        for (std::size_t b = 0; b < items.size(); ++b) {
            const std::size_t narrower = a == b ? none : neighbour(items[b], chosen[b], false);
            if (narrower == none || needed > spare + items[b][chosen[b]].bytes - items[b][narrower].bytes) continue;
            const double expected =
                items[a][wider].cost - items[a][chosen[a]].cost + items[b][narrower].cost - items[b][chosen[b]].cost;
            all.push_back({a, wider, b, narrower, expected});
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const Swap& x, const Swap& y) { return x.expected < y.expected; });
    std::vector<int> uses(items.size());
    std::vector<Swap> kept;
    for (const Swap& swap : all) {
        if (kept.size() == most) break;
        if (uses[swap.widened] >= most_of_one_tensor || uses[swap.narrowed] >= most_of_one_tensor) continue;
        ++uses[swap.widened];
        ++uses[swap.narrowed];
        kept.push_back(swap);
    }
    return kept;
}

}  // namespace scale::quantize
