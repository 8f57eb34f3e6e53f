// Last step of a search: the whole model decides between the plan, the mix and exchanges of the plan.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "core/hash.h"
#include "quantize/allocation/search.h"
#include "quantize/allocation/search_steps.h"

namespace scale::quantize {

namespace {

constexpr std::size_t most_swaps = 12;
// They come with the most hopeful first; after so many in a row that did not help, the rest are not tried.
constexpr std::size_t most_failures = 3;
// A plan whose expected KL is below this share of the mix's needs no measurement against it; the additive model is not
// that wrong.
constexpr double sure_gain = 0.85;

}  // namespace

std::vector<double> AllocationSearch::divergence_of(const Chosen& chosen) {
    const std::string key = "plan " + core::sha256_hex(core::canonical(types_of(chosen)));
    if (const auto* known = journal_.find(key)) return *known;
    if (!held_out_) held_out_ = std::make_unique<DivergenceMeter>(plain_, texts_.held_out, request_.threads);
    round_to(chosen, memory_groups_.front());
    std::vector<double> divergence = held_out_->measure(rounded_->path());
    std::transform(divergence.begin(), divergence.end(), divergence.begin(), finite);
    journal_.add(key, divergence);
    return divergence;
}

void AllocationSearch::try_swap(const Swap& swap, Chosen& current, std::vector<double>& divergence) {
    Chosen other = current;
    other[swap.widened] = swap.wider;
    other[swap.narrowed] = swap.narrower;
    const std::vector<double> found = divergence_of(other);
    const PairedDifference change = paired_difference(divergence, found);
    ++swaps_tried_;
    if (!(change.mean < -2 * change.error)) return;
    ++swaps_accepted_;
    current = other;
    divergence = found;
}

double AllocationSearch::sum_of_costs(const Chosen& chosen) const {
    double sum = 0;
    for (std::size_t t = 0; t < chosen.size(); ++t) sum += costs_[t][chosen[t]].cost;
    return sum;
}

// The additive model may be wrong; then the mix's own types are at hand.
void AllocationSearch::prefer_stock_where_better() {
    Chosen stock;
    std::uint64_t bytes = admissible_.fixed_bytes;
    for (std::size_t t = 0; t < chosen_.size(); ++t) {
        stock.push_back(admissible_.tensors[t].stock);
        bytes += costs_[t][stock[t]].bytes;
    }
    if (bytes > budget() || stock == chosen_) return;
    if (sum_of_costs(chosen_) < sure_gain * sum_of_costs(stock)) return;
    const std::vector<double> divergence = divergence_of(stock);
    stock_kl_ = mean_of(divergence);
    if (*stock_kl_ >= mean_of(chosen_divergence_)) return;
    chosen_ = stock;
    chosen_divergence_ = divergence;
}

void AllocationSearch::improve_by_swaps() {
    if (memory_groups_.size() != 1 || texts_.held_out.empty()) return;
    chosen_divergence_ = divergence_of(chosen_);
    prefer_stock_where_better();
    if (!request_.swaps) return;
    std::uint64_t used = admissible_.fixed_bytes;
    for (std::size_t t = 0; t < chosen_.size(); ++t) used += costs_[t][chosen_[t]].bytes;
    const std::size_t most = std::min(most_swaps, affordable(model::count_tokens(texts_.held_out)));
    std::set<std::size_t> moved;  // a second exchange of a tensor would not be the one that was proposed
    const std::vector<Swap> swaps = propose_swaps(costs_, chosen_, budget() - used, most);
    std::uint64_t spare = budget() - used;
    std::size_t failures = 0;
    for (const Swap& swap : swaps) {
        if (failures == most_failures) break;
        const auto bytes = [&](const Chosen& of) {
            return costs_[swap.widened][of[swap.widened]].bytes + costs_[swap.narrowed][of[swap.narrowed]].bytes;
        };
        const std::uint64_t before = bytes(chosen_);
        const std::uint64_t after = costs_[swap.widened][swap.wider].bytes + costs_[swap.narrowed][swap.narrower].bytes;
        if (moved.contains(swap.widened) || moved.contains(swap.narrowed) || after > before + spare) continue;
        const std::size_t accepted = swaps_accepted_;
        try_swap(swap, chosen_, chosen_divergence_);
        show(probes_end + (1 - probes_end) * static_cast<double>(swaps_tried_) / static_cast<double>(swaps.size()),
             fmt::format("exchanges measured: {}, accepted: {}", swaps_tried_, swaps_accepted_));
        if (swaps_accepted_ == accepted) {
            ++failures;
            continue;
        }
        failures = 0;
        moved.insert({swap.widened, swap.narrowed});
        spare = spare + before - after;
    }
}

}  // namespace scale::quantize
