// Exchanges between two tensors of a plan: one gets the next wider option, the other the next narrower one, within the
// bytes at hand. The knapsack trusts additive costs; an exchange that these call nearly free may still help or harm the
// whole model, and only a measurement of the whole model decides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "quantize/allocation/knapsack.h"

namespace scale::quantize {

struct Swap {
    std::size_t widened = 0;  // tensor
    std::size_t wider = 0;    // its new option
    std::size_t narrowed = 0;
    std::size_t narrower = 0;
    double expected = 0;  // change of the additive cost, ≥ 0 where the plan is optimal
};

// At most `most` exchanges, the lowest expected change first; no tensor takes part in more than two. `spare`: bytes
// that the plan leaves of its budget.
std::vector<Swap> propose_swaps(std::span<const std::vector<KnapsackOption>> items,
                                const std::vector<std::size_t>& chosen, std::uint64_t spare, std::size_t most);

}  // namespace scale::quantize
