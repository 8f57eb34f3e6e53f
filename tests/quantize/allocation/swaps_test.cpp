#include "quantize/allocation/swaps.h"

#include <map>

#include <gtest/gtest.h>

namespace scale::quantize {
namespace {

using Items = std::vector<std::vector<KnapsackOption>>;

TEST(Swaps, StayWithinTheBytesAndComeCheapestFirst) {
    Items items;
    for (int i = 0; i < 6; ++i) {
        const auto size = static_cast<std::uint64_t>(100 + 10 * i);
        const double factor = 1 + i;
        items.push_back({{size, 4 * factor}, {size + 50, 2 * factor}, {size + 90, factor}});
    }
    const std::vector<std::size_t> chosen(6, 1);
    for (const std::uint64_t spare : {0u, 30u}) {
        const auto swaps = propose_swaps(items, chosen, spare, 100);
        ASSERT_FALSE(swaps.empty());
        std::map<std::size_t, int> uses;
        double last = -1e9;
        for (const Swap& swap : swaps) {
            EXPECT_NE(swap.widened, swap.narrowed);
            EXPECT_EQ(swap.wider, 2u);
            EXPECT_EQ(swap.narrower, 0u);
            const std::uint64_t before = items[swap.widened][1].bytes + items[swap.narrowed][1].bytes;
            const std::uint64_t after = items[swap.widened][2].bytes + items[swap.narrowed][0].bytes;
            EXPECT_LE(after, before + spare);
            EXPECT_GE(swap.expected, last);
            last = swap.expected;
            ++uses[swap.widened];
            ++uses[swap.narrowed];
        }
        for (const auto& [tensor, count] : uses) EXPECT_LE(count, 2) << tensor;
    }
    EXPECT_EQ(propose_swaps(items, chosen, 0, 1).size(), 1u);
}

TEST(Swaps, ThereAreNoneAtTheEnds) {
    const Items items{{{1, 2.0}, {2, 1.0}}, {{1, 2.0}, {2, 1.0}}};
    EXPECT_TRUE(propose_swaps(items, {0, 0}, 0, 10).empty());
    EXPECT_TRUE(propose_swaps(items, {1, 1}, 0, 10).empty());
    EXPECT_EQ(propose_swaps(items, {0, 1}, 0, 10).size(), 1u);
}

}  // namespace
}  // namespace scale::quantize
