#include "engine/activations.h"

#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/session.h"
#include "engine/stock_quantize.h"
#include "model/gguf.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

void ignore_row(std::size_t, std::span<const float>) {}

class TapTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        model_.emplace(*path);
        tokens_ = model_->tokenize("The cat sat on the mat, and the dog looked at it for a while.", true, false);
    }

    std::vector<float> row_of(const model::GgufFile& file, const char* name, std::uint64_t row) const {
        const model::TensorInfo* tensor = file.tensor(name);
        const std::uint64_t length = tensor->shape[0];
        const std::uint64_t bytes = length / tensor->type->block * tensor->type->bytes;
        return decode_rows(tensor->type->id, file.data(*tensor).data() + row * bytes, length, 1);
    }

    std::optional<Model> model_;
    std::vector<Token> tokens_;
};

// The first layer's input is the embedding, divided by its root mean square and multiplied by the norm's gain.
TEST_F(TapTest, FirstLayerInputEqualsNormalisedEmbeddings) {
    const model::GgufFile file(model_->path());
    if (file.text("general.architecture") != "llama") GTEST_SKIP() << "the formula is that of the llama architecture";
    ActivationTap tap;
    Session session(*model_, {.context = 256, .batch = 8, .tap = &tap});
    session.logits(tokens_, tokens_.size(), ignore_row);

    const auto gain = row_of(file, "blk.0.attn_norm.weight", 0);
    std::vector<double> expected(gain.size());
    for (const Token token : tokens_) {
        const auto embedding = row_of(file, "token_embd.weight", static_cast<std::uint64_t>(token));
        double mean = 0;
        for (const float value : embedding)
            mean += static_cast<double>(value) * value / static_cast<double>(gain.size());
        for (std::size_t c = 0; c < gain.size(); ++c)
            expected[c] += std::pow(embedding[c] * gain[c], 2) / (mean + 1e-5);
    }
    for (const char* name : {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"}) {
        const InputMoments& moments = tap.statistics().at(name);
        ASSERT_EQ(moments.counts, std::vector<std::uint64_t>{tokens_.size()}) << name;
        ASSERT_EQ(moments.sum_of_squares.size(), expected.size());
        for (std::size_t c = 0; c < expected.size(); ++c)
            EXPECT_NEAR(moments.sum_of_squares[c], expected[c], 1e-3 * expected[c] + 1e-6);
    }
}

TEST_F(TapTest, CoversEveryLinearLayerAtEveryPosition) {
    const model::GgufFile file(model_->path());
    ActivationTap tap;
    Session session(*model_, {.context = 256, .tap = &tap});
    session.logits(tokens_, tokens_.size(), ignore_row);
    for (const model::TensorInfo& tensor : file.tensors()) {
        if (tensor.shape.size() != 2) continue;
        const std::string name = tensor.name == "token_embd.weight" ? "output.weight" : tensor.name;
        if (name == "output.weight" && tensor.name != name && file.tensor("output.weight")) continue;
        ASSERT_TRUE(tap.statistics().contains(name)) << name;
        const InputMoments& moments = tap.statistics().at(name);
        EXPECT_EQ(moments.counts.front(), tokens_.size()) << name;
        EXPECT_EQ(moments.sum_of_squares.size(), tensor.shape[0]) << name;
        for (const double sum : moments.sum_of_squares) EXPECT_TRUE(std::isfinite(sum) && sum >= 0);
    }
}

TEST_F(TapTest, AddsUpOverTextsAndAfterARestore) {
    const auto run = [&](ActivationTap& tap, int times) {
        Session session(*model_, {.context = 256, .tap = &tap});
        for (int i = 0; i < times; ++i) session.logits(tokens_, 0, ignore_row);
    };
    ActivationTap twice, once, resumed;
    run(twice, 2);
    run(once, 1);
    resumed.restore(once.statistics());
    run(resumed, 1);
    for (const auto& [name, moments] : twice.statistics()) {
        const InputMoments& other = resumed.statistics().at(name);
        EXPECT_EQ(moments.counts, other.counts);
        for (std::size_t c = 0; c < moments.sum_of_squares.size(); ++c) {
            EXPECT_NEAR(moments.sum_of_squares[c], other.sum_of_squares[c], 1e-9 + 1e-6 * other.sum_of_squares[c]);
            EXPECT_NEAR(moments.sum_of_squares[c], 2 * once.statistics().at(name).sum_of_squares[c],
                        1e-9 + 1e-4 * other.sum_of_squares[c]);
        }
    }
}

// Passes without the output head see what passes with it see, and leave the session able to give logits.
TEST_F(TapTest, SeesTheSameOfTextsRunTogetherAsOneByOne) {
    const std::vector<Token> other(tokens_.rbegin(), tokens_.rend());
    ActivationTap alone, together;
    Session one(*model_, {.context = 256, .tap = &alone});
    std::vector<float> expected, found;
    const auto keep = [&](std::vector<float>& rows) {
        return [&rows](std::size_t, std::span<const float> row) { rows.insert(rows.end(), row.begin(), row.end()); };
    };
    for (int i = 0; i < 2; ++i) {
        one.logits(tokens_, 0, ignore_row);
        one.logits(other, 0, ignore_row);
    }
    Session both(*model_, {.context = 256, .sequences = 2, .tap = &together});
    const std::vector<std::span<const Token>> texts = {tokens_, other};
    both.run_together(texts);  // its first graph runs whole
    both.run_together(texts);
    for (const auto& [name, moments] : alone.statistics()) {
        ASSERT_TRUE(together.statistics().contains(name)) << name;
        const InputMoments& sums = together.statistics().at(name);
        EXPECT_EQ(sums.counts, moments.counts) << name;
        for (std::size_t c = 0; c < moments.sum_of_squares.size(); ++c)
            EXPECT_NEAR(sums.sum_of_squares[c], moments.sum_of_squares[c], 1e-6 + 0.02 * moments.sum_of_squares[c])
                << name << " " << c;
    }
    one.logits(tokens_, 0, keep(expected));
    both.logits(tokens_, 0, keep(found));
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 0.05);
}

class StatisticsFile : public testing::Test {
  protected:
    std::string write() const {
        write_statistics(path(), statistics_);
        return core::read_file(path());
    }
    std::filesystem::path path() const { return folder_.path() / "statistics.bin"; }
    bool refuses(const std::string& bytes) const {
        core::write_file_atomic(path(), bytes);
        try {
            read_statistics(path());
            return false;
        } catch (const core::Error& error) {
            return error.kind() == core::ErrorKind::input;
        }
    }

    core::TemporaryFolder folder_;
    Statistics statistics_ = {{"a.weight", {{1.0, 2.5, 0.0, 1e300}, {3, 0}}}, {"b.weight", {{0.5}, {7}}}};
};

TEST_F(StatisticsFile, RoundTrips) {
    write();
    const Statistics read = read_statistics(path());
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read.at("a.weight").sum_of_squares, statistics_.at("a.weight").sum_of_squares);
    EXPECT_EQ(read.at("a.weight").counts, statistics_.at("a.weight").counts);
    EXPECT_EQ(read.at("b.weight").sum_of_squares, statistics_.at("b.weight").sum_of_squares);
}

TEST_F(StatisticsFile, RefusesEveryCutAndWhatFollows) {
    const std::string bytes = write();
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_TRUE(refuses(bytes.substr(0, length))) << length;
    EXPECT_TRUE(refuses(bytes + "x"));
    EXPECT_FALSE(refuses(bytes));
}

TEST_F(StatisticsFile, RefusesHugeCountsWithoutAllocating) {
    const std::string bytes = write();
    // Version, number of weights, length of the first name, its experts, its sums.
    for (const std::size_t at : {8, 12, 20, 32, 40}) {
        std::string broken = bytes;
        std::memset(broken.data() + at, 0xff, 8);
        EXPECT_TRUE(refuses(broken)) << at;
    }
}

}  // namespace
}  // namespace scale::engine
