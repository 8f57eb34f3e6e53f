#include "quantize/tune/tune_file.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/random.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "support/test_model.h"

namespace scale::quantize {
namespace {

class TuneFileTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        model_ = *model;
        engine::QuantizeOptions options;
        options.mix = "Q2_K";
        engine::quantize(model_, stock(), options);
    }

    core::fs::path stock() const { return folder_.path() / "stock.gguf"; }
    std::string bytes(const std::string& name) const { return core::read_file(folder_.path() / (name + ".gguf")); }

    // Text that the model itself finds likely: its own greedy continuations of single tokens.
    const std::vector<model::TokenSequence>& sequences() {
        if (!set_.empty()) return set_;
        const engine::Model model(model_);
        engine::SessionOptions options;
        options.context = 64;
        engine::Session session(model, options);
        core::Random random(3);
        for (int i = 0; i < 24; ++i) {
            std::vector<std::int32_t> tokens;
            for (int t = 0; t < 3; ++t) tokens.push_back(static_cast<std::int32_t>(10 + random.below(4000)));
            const auto more = session.generate(tokens, 60);
            tokens.insert(tokens.end(), more.begin(), more.end());
            set_.push_back({"id", "s", "t", tokens});
        }
        return set_;
    }

    TuneResult tune(const std::string& name, int threads, const StepSizes& sizes,
                    std::uint64_t memory = ~std::uint64_t{0}) {
        TuneRequest request;
        request.original = model_;
        request.target = folder_.path() / (name + ".gguf");
        core::fs::copy_file(stock(), request.target);
        request.options.sizes = sizes;
        request.options.batch_tokens = 128;
        request.options.epochs = 2;
        request.options.threads = threads;
        request.options.memory_bytes = memory;
        double last = 0;
        return tune_file(request, sequences(), [&](double done, double total, const std::string&) {
            EXPECT_GE(done, last);
            EXPECT_LE(done, total);
            last = done;
        });
    }

    core::TemporaryFolder folder_;
    core::fs::path model_;
    std::vector<model::TokenSequence> set_;
};

TEST_F(TuneFileTest, LowersTheLossOnSamplesThatDidNotTrainWithAnyThreads) {
    const StepSizes sizes{0.3f, 0.004f, 0.002f};
    const TuneResult result = tune("one", 1, sizes);
    EXPECT_EQ(result.unsupported, "");
    ASSERT_TRUE(result.kept);
    EXPECT_LT(result.loss_after, 0.97 * result.loss_before);
    EXPECT_EQ(result.matrices, 6 * 7 + 1);
    EXPECT_EQ(result.vectors, 6 * 2 + 1);
    tune("two", 2, sizes);
    EXPECT_TRUE(bytes("one") == bytes("two"));
    const model::GgufFile before(stock()), after(folder_.path() / "one.gguf");
    ASSERT_EQ(before.file_bytes(), after.file_bytes());
    for (const auto& tensor : after.tensors()) EXPECT_EQ(before.tensor(tensor.name)->type, tensor.type);
}

TEST_F(TuneFileTest, AStateThatIsWorseIsNotKept) {
    const TuneResult result = tune("wild", 2, {0, 3.0f, 3.0f});
    EXPECT_FALSE(result.kept);
    EXPECT_EQ(result.loss_before, result.loss_after);
    EXPECT_TRUE(bytes("wild") == bytes("stock"));
}

TEST_F(TuneFileTest, WithoutTheMemoryNothingIsTried) {
    const TuneResult result = tune("small", 1, {0, 0.003f, 0.001f}, 1 << 20);
    EXPECT_NE(result.unsupported.find("GiB of memory needed"), std::string::npos) << result.unsupported;
    EXPECT_TRUE(bytes("small") == bytes("stock"));
}

}  // namespace
}  // namespace scale::quantize
