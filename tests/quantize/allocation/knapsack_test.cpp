#include "quantize/allocation/knapsack.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/random.h"

namespace scale::quantize {
namespace {

using Items = std::vector<std::vector<KnapsackOption>>;

Items random_items(core::Random& random, std::uint64_t unit) {
    Items items(1 + random.below(6));
    for (auto& options : items) {
        options.resize(1 + random.below(5));
        for (auto& option : options) {
            option.bytes = unit * (1 + random.below(40)) + 7;
            option.cost = random.uniform();
        }
    }
    return items;
}

// The lowest cost over all combinations, infinite where none fits.
double best_cost(const Items& items, std::uint64_t budget, std::size_t item = 0) {
    if (item == items.size()) return 0;
    double best = std::numeric_limits<double>::infinity();
    for (const KnapsackOption& option : items[item])
        if (option.bytes <= budget)
            best = std::min(best, option.cost + best_cost(items, budget - option.bytes, item + 1));
    return best;
}

std::uint64_t bytes_of(const Items& items, const std::vector<std::size_t>& chosen) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < items.size(); ++i) bytes += items[i][chosen[i]].bytes;
    return bytes;
}

TEST(Knapsack, IsTheBestOfAllCombinations) {
    core::Random random(11);
    int solved = 0;
    for (int round = 0; round < 500; ++round) {
        const Items items = random_items(random, 1 + random.below(3) * 31);
        const std::uint64_t budget = random.below(40 * 64 * items.size()) + 1;
        const auto result = solve_knapsack(items, budget);
        const double best = best_cost(items, budget);
        ASSERT_EQ(result.has_value(), std::isfinite(best));
        if (!result) continue;
        ++solved;
        EXPECT_TRUE(result->exact);
        EXPECT_NEAR(result->cost, best, 1e-12);
        EXPECT_EQ(result->bytes, bytes_of(items, result->chosen));
        EXPECT_LE(result->bytes, budget);
    }
    EXPECT_GT(solved, 200);
}

TEST(Knapsack, WithALittleMemoryStaysWithinTheBudgetAndSaysThatItIsNotExact) {
    core::Random random(12);
    for (int round = 0; round < 10; ++round) {
        Items items(30);
        std::uint64_t least = 0, most = 0;
        for (auto& options : items) {
            for (int o = 0; o < 4; ++o) options.push_back({1000 + random.below(100000), random.uniform()});
            std::uint64_t smallest = options[0].bytes, largest = 0;
            for (const auto& option : options) {
                smallest = std::min(smallest, option.bytes);
                largest = std::max(largest, option.bytes);
            }
            least += smallest;
            most += largest;
        }
        const std::uint64_t budget = least + (most - least) / 2;
        const auto coarse = solve_knapsack(items, budget, 20000);
        const auto fine = solve_knapsack(items, budget);
        ASSERT_TRUE(coarse && fine);
        EXPECT_FALSE(coarse->exact);
        EXPECT_LE(coarse->bytes, budget);
        EXPECT_GE(coarse->cost, fine->cost - 1e-12);
        EXPECT_LT(coarse->cost, fine->cost + 1);  // 30 costs of mean one half
    }
}

TEST(Knapsack, EqualCostsTakeTheFirstOption) {
    const Items items{{{10, 1.0}, {10, 1.0}, {5, 1.0}}, {{4, 2.0}, {8, 2.0}}};
    const auto result = solve_knapsack(items, 100);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->chosen, (std::vector<std::size_t>{2, 0}));
}

TEST(Knapsack, NothingFits) {
    EXPECT_FALSE(solve_knapsack(Items{{{10, 1.0}}, {{10, 1.0}}}, 19));
    EXPECT_TRUE(solve_knapsack(Items{{{10, 1.0}}, {{10, 1.0}}}, 20));
    EXPECT_TRUE(solve_knapsack(Items{}, 0));
}

}  // namespace
}  // namespace scale::quantize
