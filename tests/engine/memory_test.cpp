#include "engine/memory.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "engine/memory_breakdown.h"
#include "model/gguf.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

class MemoryTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        path_ = *path;
    }
    std::filesystem::path path_;
};

void expect_close(std::uint64_t estimated, std::uint64_t real) {
    EXPECT_GT(estimated, 0u);
    EXPECT_NEAR(static_cast<double>(estimated), static_cast<double>(real), 0.02 * static_cast<double>(real));
}

TEST_F(MemoryTest, PlanEqualsARealLoadWithinTwoPercent) {
    for (const int concurrency : {1, 4}) {
        const record::Workload workload{.concurrency = concurrency, .context = 512};
        const record::Memory plan = estimate_memory(path_, workload);
        const record::Memory real = memory_of(path_, workload, Allocation::real);
        expect_close(plan.weights, real.weights);
        expect_close(plan.kv_cache, real.kv_cache);
        expect_close(plan.compute, real.compute);
    }
}

// Keys and values of half precision: 2 · layers · kv_heads · head_dim · 2 bytes a token.
TEST_F(MemoryTest, CacheIsWhatTheFormulaSays) {
    const model::GgufFile file(path_);
    if (file.text("general.architecture") != "llama") GTEST_SKIP() << "the formula is that of the llama architecture";
    const std::uint64_t heads = file.number("llama.attention.head_count");
    const std::uint64_t kv_heads = file.number("llama.attention.head_count_kv", heads);
    const std::uint64_t token =
        2 * 2 * file.number("llama.block_count") * kv_heads * file.number("llama.embedding_length") / heads;
    EXPECT_EQ(estimate_memory(path_, {.concurrency = 3, .context = 512}).kv_cache, token * 3 * 512);
}

// 34 bytes for 32 numbers instead of 64, as llama-server -ctk q8_0 -ctv q8_0 allocates.
TEST_F(MemoryTest, AQuantisedCacheTakesWhatItsTypeSays) {
    const record::Workload wide{.concurrency = 2, .context = 512},
        narrow{.concurrency = 2, .context = 512, .kv_type = "q8_0"};
    const record::Memory plan = estimate_memory(path_, narrow);
    EXPECT_EQ(plan.kv_cache * 64, estimate_memory(path_, wide).kv_cache * 34);
    expect_close(plan.kv_cache, memory_of(path_, narrow, Allocation::real).kv_cache);
    EXPECT_THROW(estimate_memory(path_, {.kv_type = "q9_9"}), core::Error);
}

TEST_F(MemoryTest, RefusesWorkloadsThatCannotBe) {
    EXPECT_THROW(estimate_memory(path_, {.concurrency = 0}), core::Error);
    EXPECT_THROW(estimate_memory(path_, {.concurrency = 100000}), core::Error);
    EXPECT_THROW(estimate_memory(path_, {.context = 0}), core::Error);
    EXPECT_THROW(estimate_memory(path_, {.context = 1 << 30}), core::Error);
    EXPECT_THROW(estimate_memory(path_.string() + ".missing", {}), core::Error);
}

}  // namespace
}  // namespace scale::engine
