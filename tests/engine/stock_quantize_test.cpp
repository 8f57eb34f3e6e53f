#include "engine/stock_quantize.h"

#include <cmath>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/dry_run.h"
#include "engine/session.h"
#include "model/gguf.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

using testing::HasSubstr;

class QuantizeTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        path_ = *path;
    }

    std::filesystem::path target() const { return folder_.path() / "out.gguf"; }

    Statistics statistics() const {
        const Model model(path_);
        ActivationTap tap;
        Session session(model, {.context = 128, .tap = &tap});
        session.logits(model.tokenize("A short text about nothing in particular.", true, false), 0,
                       [](std::size_t, std::span<const float>) {});
        return tap.statistics();
    }

    void expect_as_planned(const QuantizePlan& plan) const {
        const model::GgufFile file(target());
        EXPECT_EQ(file.file_bytes(), plan.file_bytes);
        ASSERT_EQ(file.tensors().size(), plan.tensors.size());
        std::uint64_t total = 0;
        for (const TensorPlan& planned : plan.tensors) {
            const model::TensorInfo* tensor = file.tensor(planned.name);
            ASSERT_NE(tensor, nullptr) << planned.name;
            EXPECT_EQ(tensor->type->name, planned.type) << planned.name;
            EXPECT_EQ(tensor->bytes, planned.bytes) << planned.name;
            total += tensor->bytes;
        }
        EXPECT_EQ(total, plan.tensor_bytes);
        EXPECT_NEAR(plan.bits_per_weight, 8.0 * static_cast<double>(total) / static_cast<double>(file.parameters()),
                    1e-12);
    }

    // ‖W − Ŵ‖² weighted by column, over one tensor.
    double weighted_error(const char* name, const std::vector<double>& weights) const {
        const model::GgufFile original(path_), quantised(target());
        const auto all = [&](const model::GgufFile& file) {
            const model::TensorInfo* tensor = file.tensor(name);
            return decode_rows(tensor->type->id, file.data(*tensor).data(), tensor->shape[0],
                               tensor->elements / tensor->shape[0]);
        };
        const auto before = all(original), after = all(quantised);
        double error = 0;
        for (std::size_t i = 0; i < before.size(); ++i)
            error += weights[i % weights.size()] * std::pow(static_cast<double>(before[i]) - after[i], 2);
        return error;
    }

    std::filesystem::path path_;
    core::TemporaryFolder folder_;
};

TEST_F(QuantizeTest, EveryMixIsWrittenAsPlanned) {
    for (const char* mix : {"F16", "Q8_0", "Q4_K_M", "Q4_0", "Q3_K_M"}) {
        SCOPED_TRACE(mix);
        quantize(path_, target(), {.mix = mix});
        expect_as_planned(plan_quantization(path_, mix, {.with_statistics = false}));
        const Model model(target());
        Session(model, {.context = 64})
            .logits(model.tokenize("Hello", true, false), 0, [](std::size_t, std::span<const float> row) {
                for (const float value : row) ASSERT_TRUE(std::isfinite(value));
            });
    }
}

// Passes of many and of few tokens take different kernels.
TEST_F(QuantizeTest, EightBitsPredictNearlyTheSame) {
    quantize(path_, target(), {.mix = "Q8_0"});
    const Model original(path_), quantised(target());
    const auto tokens =
        original.tokenize("The house stood on a hill above the river, and nobody had lived in it.", true, false);
    for (const int batch : {64, 8, 1}) {
        const auto text = [&](const Model& model) {
            std::vector<double> values;
            Session(model, {.context = 64, .batch = batch})
                .logits(tokens, 0, [&](std::size_t at, std::span<const float> row) {
                    if (at + 1 < tokens.size()) values.push_back(log_probability(row, tokens[at + 1]));
                });
            return values;
        };
        const auto before = text(original), after = text(quantised);
        for (std::size_t i = 0; i < before.size(); ++i) EXPECT_NEAR(before[i], after[i], 0.3) << "batch " << batch;
    }
}

TEST_F(QuantizeTest, StatisticsChangeTypesAndThePlanKnows) {
    const Statistics gathered = statistics();
    for (const char* mix : {"Q4_0", "IQ4_XS"}) {
        SCOPED_TRACE(mix);
        quantize(path_, target(), {.mix = mix, .statistics = &gathered});
        expect_as_planned(plan_quantization(path_, mix));
    }
}

TEST_F(QuantizeTest, StatisticsLowerTheWeightedError) {
    const char* name = "blk.0.ffn_up.weight";
    const model::GgufFile file(path_);
    Statistics steep;
    InputMoments moments{std::vector<double>(file.tensor(name)->shape[0]), {10}};
    for (std::size_t c = 0; c < moments.sum_of_squares.size(); ++c) moments.sum_of_squares[c] = c % 8 == 0 ? 1000 : 1;
    steep[name] = moments;
    quantize(path_, target(), {.mix = "Q4_K_S"});
    const double plain = weighted_error(name, moments.sum_of_squares);
    quantize(path_, target(), {.mix = "Q4_K_S", .statistics = &steep});
    EXPECT_LT(weighted_error(name, moments.sum_of_squares), 0.8 * plain);
}

TEST_F(QuantizeTest, TiedHeadTakesTheStatisticsOfTheOutput) {
    const model::GgufFile file(path_);
    if (file.tensor("output.weight")) GTEST_SKIP() << "the model's head is not tied";
    InputMoments moments{std::vector<double>(file.tensor("token_embd.weight")->shape[0], 1.0), {1}};
    for (std::size_t c = 0; c < moments.sum_of_squares.size(); c += 4) moments.sum_of_squares[c] = 1e4;
    const Statistics steep = {{"output.weight", moments}};
    quantize(path_, target(), {.mix = "Q4_K_S"});
    const double plain = weighted_error("token_embd.weight", moments.sum_of_squares);
    quantize(path_, target(), {.mix = "Q4_K_S", .statistics = &steep});
    EXPECT_LT(weighted_error("token_embd.weight", moments.sum_of_squares), plain);
}

TEST_F(QuantizeTest, KeepsOnlyTheFirstLayers) {
    for (const char* mix : {"F16", "Q4_K_M"}) {
        SCOPED_TRACE(mix);
        quantize(path_, target(), {.mix = mix, .keep_layers = 1});
        expect_as_planned(plan_quantization(path_, mix, {.with_statistics = false, .keep_layers = 1}));
        const Model model(target());
        EXPECT_EQ(model.layers(), 1);
        EXPECT_EQ(Session(model, {.context = 64}).generate(model.tokenize("Hello", true, false), 2).size() <= 2, true);
    }
    const Statistics gathered = statistics();
    quantize(path_, target(), {.mix = "IQ2_XS", .statistics = &gathered, .keep_layers = 1});
    expect_as_planned(plan_quantization(path_, "IQ2_XS", {.keep_layers = 1}));
}

TEST_F(QuantizeTest, RefusesWhatItCannotDo) {
    EXPECT_THROW(plan_quantization(path_, "Q4_K_X"), core::Error);
    EXPECT_THROW(plan_quantization(path_.string() + ".missing", "Q4_0"), core::Error);
    EXPECT_THROW(quantize(path_, folder_.path() / "none" / "out.gguf", {.mix = "Q4_0"}), core::Error);
    const Statistics foreign = {{"blk.0.attn_q.weight", {{1.0, 2.0}, {1}}}};
    EXPECT_THROW(quantize(path_, target(), {.mix = "Q4_0", .statistics = &foreign}), core::Error);
    const Statistics unknown = {{"other.weight", {{1.0, 2.0}, {1}}}};
    EXPECT_THROW(quantize(path_, target(), {.mix = "Q4_0", .statistics = &unknown}), core::Error);
}

TEST_F(QuantizeTest, RefusesToOverwriteTheOriginal) {
    const auto copy = folder_.path() / "copy.gguf";
    std::filesystem::copy_file(path_, copy);
    EXPECT_THROW(quantize(copy, copy, {.mix = "Q4_0"}), core::Error);
    EXPECT_EQ(std::filesystem::file_size(copy), std::filesystem::file_size(path_));
}

TEST_F(QuantizeTest, ReportsAFullDisk) {
    if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full";
    try {
        quantize(path_, "/dev/full", {.mix = "Q4_0"});
        FAIL() << "a full disk went unnoticed";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::io) << error.found();
    }
}

TEST(QuantizerLog, IsReadAtThePinnedVersion) {
    const auto lines = parse_quantizer_log(
        "warning: blk.0.attn_q.weight                  - ncols    576 not divisible by 256 (required for type    q4_K) "
        "-> falling back to    q5_0\n"
        "[   1/ 272]                   token_embd.weight - [  576, 49152,     1,     1], type =    f16, "
        "size =    54.00 MiB ->    28.69 MiB (q8_0)\n"
        "[   2/ 272] blk.0.attn_norm.weight               - [  576,     1,     1,     1], type =    f32, size =    "
        "0.002 MiB\n"
        "[   3/ 272] blk.0.attn_q.weight                  - [  576,   576,     1,     1], type =    f16, converting to "
        "q5_0 .. size =     0.63 MiB ->     0.22 MiB\n");
    ASSERT_EQ(lines.size(), 3u);
    EXPECT_EQ(lines[0].name, "token_embd.weight");
    EXPECT_EQ(lines[0].type, "q8_0");
    EXPECT_FALSE(lines[0].fallback);
    EXPECT_EQ(lines[1].type, "f32");
    EXPECT_EQ(lines[2].type, "q5_0");
    EXPECT_TRUE(lines[2].fallback);
}

TEST_F(QuantizeTest, GivesSingleTensorsOtherTypes) {
    const TensorTypes types{
        {"blk.0.attn_v.weight", "Q6_K"}, {"blk.1.ffn_down.weight", "IQ4_XS"}, {"token_embd.weight", "Q5_0"}};
    const QuantizePlan mix = plan_quantization(path_, "Q4_K_S"),
                       plan = plan_quantization(path_, "Q4_K_S", {.types = types});
    for (std::size_t i = 0; i < plan.tensors.size(); ++i) {
        const std::string& name = plan.tensors[i].name;
        const auto wanted = types.find(name);
        // The mix widens the first few of these that it decides itself.
        const bool counted = name.find("attn_v") != std::string::npos || name.find("ffn_down") != std::string::npos;
        if (wanted == types.end() && counted) continue;
        EXPECT_EQ(plan.tensors[i].type, wanted == types.end() ? mix.tensors[i].type : wanted->second) << name;
    }
    const Statistics seen = statistics();
    QuantizeOptions options;
    options.mix = "Q4_K_S";
    options.statistics = &seen;
    options.types = types;
    quantize(path_, target(), options);
    expect_as_planned(plan);
    EXPECT_THROW(plan_quantization(path_, "Q4_K_S", {.types = {{"token_embd.weight", "Q9_X"}}}), core::Error);
    // "blk.0" must not stand for "blk.10", nor its dots for any character.
    const auto same =
        plan_quantization(path_, "Q4_K_S", {.types = {{"blk.0.attn_v", "Q6_K"}, {"blk_0.attn_v.weight", "Q6_K"}}});
    EXPECT_EQ(same.file_bytes, mix.file_bytes);
}

TEST(StockMixes, AreNamed) {
    EXPECT_THAT(stock_mix_names(), testing::IsSupersetOf({"Q8_0", "Q4_K_M", "Q4_0", "IQ4_XS", "F16"}));
}

TEST(DecodeRows, RefusesWhatHasNoRows) {
    const std::vector<std::byte> bytes(64);
    EXPECT_THROW(decode_rows(9999, bytes.data(), 32, 1), core::Error);
    EXPECT_THROW(decode_rows(8, bytes.data(), 33, 1), core::Error);
    EXPECT_EQ(decode_rows(8, bytes.data(), 32, 1), std::vector<float>(32, 0.0f));
}

}  // namespace
}  // namespace scale::engine
