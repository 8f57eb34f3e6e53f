// Every way in which a Hugging Face folder can be wrong, with what the error must say.
#include <functional>
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/huggingface/model_folder.h"
#include "support/folder_builder.h"

namespace scale::model {
namespace {

using test::FolderBuilder;
using test::small_folder;

struct Malformed {
    const char* name;
    std::function<void(FolderBuilder&)> spoil;
    const char* fragment;  // of the error's `found`
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
    *out << malformed.name;
}

Malformed key(const char* name, const char* field, core::Json value, const char* fragment) {
    return {name, [=](FolderBuilder& folder) { folder.config[field] = value; }, fragment};
}

Malformed without(const char* name, const char* field, const char* fragment) {
    return {name, [=](FolderBuilder& folder) { folder.config.erase(field); }, fragment};
}

const char* const q_proj = "model.layers.0.self_attn.q_proj.weight";

const std::vector<Malformed> cases{
    key("architecture_unknown", "architectures", {"FooForCausalLM"}, "'FooForCausalLM' is not one that can be read"),
    key("architecture_multimodal", "architectures", {"Gemma3ForConditionalGeneration"}, "is not one that can be read"),
    key("architecture_none", "architectures", core::Json::array(), "does not name one class"),
    key("architecture_number", "architectures", 3, "does not name one class"),
    {"config_is_list", [](FolderBuilder& folder) { folder.config = core::Json::array(); }, "does not name one class"},
    key("quantised_already", "quantization_config", {{"quant_method", "gptq"}},
        "quantised already (quant_method 'gptq')"),
    key("quantised_oddly", "quantization_config", 3, "quantised already (quant_method 'unknown')"),
    without("width_missing", "hidden_size", "hidden_size is missing"),
    without("epsilon_missing", "rms_norm_eps", "rms_norm_eps is missing"),
    key("width_text", "hidden_size", "8", "hidden_size is \"8\""),
    key("width_negative", "hidden_size", -8, "hidden_size is -8"),
    key("width_fraction", "hidden_size", 8.5, "hidden_size is 8.5"),
    key("layers_zero", "num_hidden_layers", 0, "num_hidden_layers is 0"),
    key("layers_too_many", "num_hidden_layers", 100000, "num_hidden_layers is 100000"),
    key("layers_two", "num_hidden_layers", 2, "calls for tensor 'model.layers.1.input_layernorm.weight'"),
    key("vocabulary_huge", "vocab_size", 4000000000u, "vocab_size is 4000000000"),
    key("vocabulary_other", "vocab_size", 10, "'model.embed_tokens.weight' has the shape [9, 8]"),
    key("heads_uneven", "num_key_value_heads", 3, "no multiple of num_key_value_heads 3"),
    key("head_odd", "head_dim", 3, "head_dim is 3"),
    key("head_other", "head_dim", 8, "has the shape [8, 8]"),
    key("epsilon_negative", "rms_norm_eps", -1e-5, "rms_norm_eps is"),
    key("activation_other", "hidden_act", "relu", "hidden_act is 'relu'"),
    key("tie_number", "tie_word_embeddings", 1, "tie_word_embeddings is 1"),
    key("head_missing", "tie_word_embeddings", false, "calls for tensor 'lm_head.weight'"),
    key("rope_unknown", "rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2.0}}, "rope_type is 'dynamic'"),
    key("rope_longrope", "rope_scaling", {{"rope_type", "longrope"}}, "rope_type is 'longrope'"),
    key("rope_list", "rope_scaling", core::Json::array(), "rope_parameters: []"),
    key("rope_without_factor", "rope_scaling", {{"rope_type", "linear"}}, "factor is missing"),
    key("rope_base_zero", "rope_theta", 0, "rope_theta is 0"),
    key("rotates_half", "partial_rotary_factor", 0.5, "partial_rotary_factor is 0.5"),
    key("bias_promised", "attention_bias", true, "calls for tensor 'model.layers.0.self_attn.q_proj.bias'"),
    {"tensor_missing", [](FolderBuilder& folder) { folder.tensors.erase(q_proj); },
     "q_proj.weight', which is not there"},
    {"tensor_transposed",
     [](FolderBuilder& folder) {
         folder.tensor("model.layers.0.mlp.down_proj.weight", {6, 8}, 0);
     },
     "has the shape [6, 8]"},
    {"tensor_unknown", [](FolderBuilder& folder) { folder.tensor("vision_tower.weight", {2}, 0); },
     "'vision_tower.weight' has no place"},
    {"bias_unannounced", [](FolderBuilder& folder) { folder.tensor("model.layers.0.self_attn.q_proj.bias", {8}, 0); },
     "has no place"},
    {"tokenizer_missing", [](FolderBuilder& folder) { folder.tokenizer_model.clear(); },
     "neither tokenizer.model nor tokenizer.json"},
    {"tokenizer_larger",
     [](FolderBuilder& folder) {
         for (int i = 0; i < 9; ++i) folder.tokenizer_model += test::piece("x" + std::to_string(i), 0, 1);
     },
     "16 pieces, and the embedding 9 rows"},
    {"tokenizer_unigram", [](FolderBuilder& folder) { folder.tokenizer_model += std::string("\x12\x02\x18\x01", 4); },
     "its algorithm has the number 1"},
    {"tokenizer_cut", [](FolderBuilder& folder) { folder.tokenizer_model.pop_back(); },
     "tokenizer.model: the file ends"},
    {"tokenizer_settings",
     [](FolderBuilder& folder) {
         folder.tokenizer_config["added_tokens_decoder"] = {{"1", 3}};
     },
     "not laid out as they should be"},
    {"tokenizer_added_name",
     [](FolderBuilder& folder) {
         folder.tokenizer_config["added_tokens_decoder"] = {{"1x", {{"content", "a"}}}};
     },
     "has the key '1x'"},
};

class FolderMalformed : public testing::TestWithParam<Malformed> {};

TEST_P(FolderMalformed, IsRefusedWithItsReason) {
    const core::TemporaryFolder folder;
    FolderBuilder builder = small_folder("LlamaForCausalLM");
    builder.write(folder.path());
    ASSERT_NO_THROW(read_model_folder(folder.path()));
    GetParam().spoil(builder);
    std::filesystem::remove(folder.path() / "tokenizer.model");
    builder.write(folder.path());
    try {
        read_model_folder(folder.path());
        FAIL() << "accepted";
    } catch (const core::Error& error) {
        EXPECT_EQ(error.kind(), core::ErrorKind::input);
        EXPECT_THAT(error.found(), testing::StartsWith(folder.path().string()));
        EXPECT_THAT(error.found(), testing::HasSubstr(GetParam().fragment));
        EXPECT_FALSE(error.next().empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, FolderMalformed, testing::ValuesIn(cases),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(FolderMalformed, SettingsWithoutACounterpartInTheEngineAreRefused) {
    const auto refusal = [](const std::string& class_name, const core::Json& changes) {
        const core::TemporaryFolder folder;
        FolderBuilder builder = small_folder(class_name);
        builder.config.update(changes);
        builder.write(folder.path());
        try {
            read_architecture(folder.path());
            return std::string();
        } catch (const core::Error& error) {
            return error.found();
        }
    };
    EXPECT_EQ(refusal("Qwen3ForCausalLM", core::Json::object()), "");
    EXPECT_THAT(refusal("Qwen2ForCausalLM", {{"use_sliding_window", true}}), testing::HasSubstr("use_sliding_window"));
    EXPECT_THAT(refusal("Qwen3ForCausalLM", {{"attention_bias", true}}), testing::HasSubstr("attention_bias"));
    const core::Json moe{{"num_experts", 2}, {"num_experts_per_tok", 1}, {"moe_intermediate_size", 6}};
    EXPECT_EQ(refusal("Qwen3MoeForCausalLM", moe), "");
    const auto with = [](core::Json base, const core::Json& more) {
        base.update(more);
        return base;
    };
    EXPECT_THAT(refusal("Qwen3MoeForCausalLM", with(moe, {{"norm_topk_prob", false}})),
                testing::HasSubstr("norm_topk_prob"));
    EXPECT_THAT(refusal("Qwen3MoeForCausalLM", with(moe, {{"mlp_only_layers", {0}}})),
                testing::HasSubstr("no experts"));
    EXPECT_THAT(refusal("Qwen3MoeForCausalLM", with(moe, {{"num_experts_per_tok", 3}})),
                testing::HasSubstr("num_experts_per_tok is 3"));
    const core::Json gemma{
        {"hidden_activation", "gelu_pytorch_tanh"}, {"sliding_window", 16}, {"query_pre_attn_scalar", 4}};
    EXPECT_EQ(refusal("Gemma3ForCausalLM", gemma), "");
    EXPECT_THAT(refusal("Gemma3ForCausalLM", with(gemma, {{"query_pre_attn_scalar", 8}})),
                testing::HasSubstr("query_pre_attn_scalar is 8"));
    EXPECT_THAT(refusal("Gemma3ForCausalLM", with(gemma, {{"layer_types", {"full_attention"}}})),
                testing::HasSubstr("layer_types differs from the engine's at layer 0"));
    EXPECT_THAT(refusal("Gemma3ForCausalLM", with(gemma, {{"sliding_window_pattern", 3}})),
                testing::HasSubstr("sliding_window_pattern is 3"));
    EXPECT_THAT(refusal("Gemma2ForCausalLM", gemma), testing::HasSubstr("softcapping"));
}

TEST(FolderMalformed, AFolderWithoutConfigIsNoModel) {
    const core::TemporaryFolder folder;
    EXPECT_THROW(read_model_folder(folder.path()), core::Error);
    EXPECT_FALSE(is_model_folder(folder.path()));
}

}  // namespace
}  // namespace scale::model
