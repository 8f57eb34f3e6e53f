// One option for every item, the cheapest set whose bytes stay within a budget: the multiple-choice knapsack, exactly.
//
// Dynamic programming over bytes. What is counted is the bytes above every item's smallest option, in units of their
// greatest common divisor: tensors of a model share their shapes, so that the unit is some KiB and the table small.
// Only where the table would not fit the memory limit are bytes counted in larger units, each option rounded up; then
// the budget still holds, the result may miss the optimum by less than a unit an item, and `exact` says so. Equal costs
// go to the option that stands first, so the result depends on nothing but the arguments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace scale::quantize {

struct KnapsackOption {
    std::uint64_t bytes = 0;
    double cost = 0;  // finite
};

struct KnapsackResult {
    std::vector<std::size_t> chosen;  // option of every item
    std::uint64_t bytes = 0;
    double cost = 0;
    bool exact = true;
};

// Every item has at least one and at most 255 options. None where even the smallest options exceed the budget.
std::optional<KnapsackResult> solve_knapsack(std::span<const std::vector<KnapsackOption>> items, std::uint64_t budget,
                                             std::uint64_t memory_bytes = std::uint64_t{256} << 20);

}  // namespace scale::quantize
