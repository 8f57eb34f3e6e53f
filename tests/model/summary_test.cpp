#include "model/summary.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/hash.h"
#include "support/gguf_builder.h"
#include "support/test_model.h"

namespace scale::model {
namespace {

using test::as_bytes;
using test::GgufBuilder;
using test::raw;

ModelSummary summary_of(const GgufBuilder& builder) {
    const std::string bytes = builder.build();
    return summarise(GgufFile(as_bytes(bytes), "small.gguf"));
}

std::string refusal_of(const GgufBuilder& builder) {
    try {
        summary_of(builder);
        return "accepted";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        EXPECT_THAT(error.found(), testing::HasSubstr("cannot be run"));
        return error.found();
    }
}

TEST(Summary, SaysWhatTheModelIs) {
    const ModelSummary summary = summary_of(test::small_model());
    EXPECT_EQ(summary.architecture, "llama");
    EXPECT_EQ(summary.name, "small");
    EXPECT_EQ(summary.layers, 2u);
    EXPECT_EQ(summary.width, 64u);
    EXPECT_EQ(summary.feed_forward, 96u);
    EXPECT_EQ(summary.heads, 4u);
    EXPECT_EQ(summary.kv_heads, 2u);
    EXPECT_EQ(summary.context, 128u);
    EXPECT_EQ(summary.vocabulary, 3u);
    EXPECT_EQ(summary.parameters, 192u + 128 + 5);
    EXPECT_EQ(summary.tensor_bytes, 768u + 136 + 10);
    EXPECT_DOUBLE_EQ(summary.bits_per_weight, 8.0 * 914 / 325);
    EXPECT_EQ(summary.main_type, "F32");
    EXPECT_EQ(summary.template_sha256, core::sha256_hex("{{ messages }}"));
}

TEST(Summary, HeadsOfTheCacheAreAllHeadsWhereNotSaid) {
    EXPECT_EQ(summary_of(test::small_model().drop("llama.attention.head_count_kv")).kv_heads, 4u);
}

TEST(Summary, TakesTheWidestLayerOfAnArray) {
    GgufBuilder builder = test::small_model();
    builder.drop("llama.feed_forward_length");
    builder.array("llama.feed_forward_length", 5, 3, raw(10) + raw(30) + raw(-1));
    EXPECT_EQ(summary_of(builder).feed_forward, 30u);
}

TEST(Summary, NamesWhatIsMissing) {
    const auto without = [](const char* key) { return refusal_of(test::small_model().drop(key)); };
    EXPECT_THAT(without("general.architecture"), testing::HasSubstr("names no architecture"));
    GgufBuilder odd = test::small_model().drop("general.architecture");
    EXPECT_THAT(refusal_of(odd.text("general.architecture", "a\nb")), testing::HasSubstr("architecture 'a?b'"));
    EXPECT_THAT(without("tokenizer.ggml.model"), testing::HasSubstr("has no tokenizer"));
    EXPECT_THAT(without("tokenizer.ggml.tokens"), testing::HasSubstr("has no tokenizer"));
    EXPECT_THAT(without("llama.block_count"), testing::HasSubstr("has no layers"));
    EXPECT_THAT(without("llama.embedding_length"), testing::HasSubstr("has no width"));
    EXPECT_THAT(refusal_of(test::small_metadata()), testing::HasSubstr("has no tensors"));
}

TEST(Summary, TokenizerOfAnotherKindIsNoTokenizer) {
    GgufBuilder builder = test::small_model().drop("tokenizer.ggml.tokens");
    EXPECT_THAT(refusal_of(builder.number("tokenizer.ggml.tokens", 3)), testing::HasSubstr("has no tokenizer"));
}

TEST(Summary, TokenizerDigestFollowsTheTokenizerAlone) {
    const auto digest = [](const std::function<void(GgufBuilder&)>& change) {
        GgufBuilder builder = test::small_model();
        change(builder);
        return summary_of(builder).tokenizer_sha256;
    };
    const std::string original = digest([](GgufBuilder&) {});
    EXPECT_EQ(original.size(), 64u);
    EXPECT_EQ(original, digest([](GgufBuilder& b) { b.drop("general.name").text("general.name", "other"); }));
    EXPECT_EQ(original, digest([](GgufBuilder& b) { b.drop("tokenizer.chat_template"); }));
    EXPECT_EQ(original, digest([](GgufBuilder& b) { b.text("tokenizer.chat_template.tool_use", "x"); }));
    EXPECT_NE(original, digest([](GgufBuilder& b) { b.number("tokenizer.ggml.bos_token_id", 1); }));
    EXPECT_NE(original, digest([](GgufBuilder& b) { b.drop("tokenizer.ggml.scores"); }));
    EXPECT_NE(original, digest([](GgufBuilder& b) {
                  b.drop("tokenizer.ggml.tokens").pair("tokenizer.ggml.tokens", 9, test::raw_texts({"a", "c", "\xff"}));
              }));
}

TEST(Summary, WithoutATemplateThereIsNoTemplateDigest) {
    EXPECT_EQ(summary_of(test::small_model().drop("tokenizer.chat_template")).template_sha256, "");
}

TEST(Summary, OfTheTestModel) {
    const auto path = test::test_model();
    if (!path) GTEST_SKIP() << "no test model";
    const ModelSummary summary = summarise(GgufFile(*path));
    EXPECT_EQ(summary.architecture, "llama");
    EXPECT_EQ(summary.layers, 6u);
    EXPECT_EQ(summary.width, 256u);
    EXPECT_EQ(summary.parameters, 6753536u);
    EXPECT_EQ(summary.main_type, "F16");
    EXPECT_NEAR(summary.bits_per_weight, 16, 0.05);
}

}  // namespace
}  // namespace scale::model
