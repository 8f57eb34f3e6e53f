#include "quantize/effort.h"

#include <gtest/gtest.h>

namespace scale::quantize {
namespace {

TEST(Effort, GrowsWithTheWidestMatrix) {
    constexpr std::uint64_t large = 8'000'000'000;
    EXPECT_EQ(effort_for(large, 1024).refinement, 8192u);
    EXPECT_EQ(effort_for(large, 2048).refinement, 16384u);
    EXPECT_EQ(effort_for(large, 14336).refinement, 32768u);
    EXPECT_EQ(effort_for(large, 1024).search_inputs, 4096u);
    EXPECT_EQ(effort_for(large, 14336).search_inputs, 8192u);
}

TEST(Effort, ASmallModelReadsAllThatIsEverRead) {
    const Effort most = effort_for(1'000'000, 256);
    EXPECT_EQ(most.refinement, 32768u);
    EXPECT_EQ(most.search_inputs, 8192u);
    EXPECT_EQ(most.search_gradients, 4096u);
    EXPECT_EQ(most.search_probes, 2048u);
    EXPECT_EQ(most.search_held_out, 4096u);
    EXPECT_GT(most.probe_budget, 500'000);
}

TEST(Effort, ALargeModelReadsFewGradientsAndLooksAsLongAsASmallOne) {
    const Effort effort = effort_for(8'000'000'000, 14336);
    EXPECT_EQ(effort.search_gradients, 2048u);
    EXPECT_EQ(effort.search_probes, 2048u);
    EXPECT_EQ(effort.search_held_out, 4096u);
    EXPECT_EQ(effort.probe_budget, 12288);
    EXPECT_EQ(effort_for(0, 0).refinement, 32768u);
}

}  // namespace
}  // namespace scale::quantize
