// What the converter does to names, rows, norms and experts of each family, on weights whose place can be read from
// their value.
#include "model/huggingface/to_gguf.h"

#include <cstring>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "model/gguf.h"
#include "model/summary.h"
#include "support/folder_builder.h"

namespace scale::model {
namespace {

using test::FolderBuilder;
using test::small_folder;
using testing::ElementsAre;

class Converted {
  public:
    explicit Converted(const FolderBuilder& builder)
        : file_((write(builder, folder_.path()), folder_.path() / "out.gguf")) {}

    const GgufFile& file() const { return file_; }

    std::vector<float> values(const std::string& name) const {
        const TensorInfo* tensor = file_.tensor(name);
        if (!tensor) throw core::input_error("no tensor " + name);
        std::vector<float> values(tensor->elements);
        std::memcpy(values.data(), file_.data(*tensor).data(), tensor->bytes);
        return values;
    }

    // The first value of every row, which tells where the row came from.
    std::vector<float> row_starts(const std::string& name) const {
        const auto all = values(name);
        std::vector<float> starts;
        for (std::size_t i = 0; i < all.size(); i += file_.tensor(name)->shape[0]) starts.push_back(all[i]);
        return starts;
    }

    double real(const std::string& key) const { return std::get<double>(file_.metadata().at(key)); }

  private:
    static void write(const FolderBuilder& builder, const std::filesystem::path& folder) {
        builder.write(folder);
        write_gguf(read_model_folder(folder), folder / "out.gguf");
    }

    core::TemporaryFolder folder_;
    GgufFile file_;
};

std::vector<float> counted_from(float first, std::size_t count) {
    std::vector<float> values(count);
    std::iota(values.begin(), values.end(), first);
    return values;
}

TEST(ToGguf, LlamaHeadsAreStoredInPairs) {
    const Converted converted(small_folder("LlamaForCausalLM"));
    // Rows 0, 1 | 2, 3 of a head of four become 0, 2, 1, 3; each row has eight columns.
    EXPECT_THAT(converted.row_starts("blk.0.attn_q.weight"),
                ElementsAre(3000, 3016, 3008, 3024, 3032, 3048, 3040, 3056));
    EXPECT_THAT(converted.row_starts("blk.0.attn_k.weight"), ElementsAre(4000, 4016, 4008, 4024));
    EXPECT_EQ(converted.values("blk.0.attn_v.weight"), counted_from(5000, 32));
    EXPECT_EQ(converted.values("blk.0.ffn_norm.weight"), counted_from(2200, 8));
    EXPECT_EQ(converted.values("blk.0.ffn_down.weight"), counted_from(9000, 48));
    EXPECT_THAT(converted.file().tensor("blk.0.ffn_down.weight")->shape, ElementsAre(6u, 8u));
    EXPECT_EQ(converted.file().tensor("output.weight"), nullptr);
}

TEST(ToGguf, EveryTensorIsWrittenOnce) {
    const Converted converted(small_folder("LlamaForCausalLM"));
    EXPECT_EQ(converted.file().tensors().size(), 11u);
}

TEST(ToGguf, LlamaBiasesFollowTheirRows) {
    FolderBuilder folder = small_folder("LlamaForCausalLM");
    folder.config["attention_bias"] = true;
    for (const auto& [part, rows] : {std::pair{"q", 8}, {"k", 4}, {"v", 4}, {"o", 8}})
        folder.tensor(std::string("model.layers.0.self_attn.") + part + "_proj.bias",
                      {static_cast<std::uint64_t>(rows)}, 10);
    const Converted converted(folder);
    EXPECT_THAT(converted.values("blk.0.attn_q.bias"), ElementsAre(10, 12, 11, 13, 14, 16, 15, 17));
    EXPECT_THAT(converted.values("blk.0.attn_k.bias"), ElementsAre(10, 12, 11, 13));
    EXPECT_THAT(converted.values("blk.0.attn_v.bias"), ElementsAre(10, 11, 12, 13));
    EXPECT_EQ(converted.values("blk.0.attn_output.bias").size(), 8u);
}

TEST(ToGguf, AnUntiedHeadIsWritten) {
    FolderBuilder folder = small_folder("LlamaForCausalLM");
    folder.config["tie_word_embeddings"] = false;
    folder.tensor("lm_head.weight", {9, 8}, 1500);
    EXPECT_EQ(Converted(folder).values("output.weight"), counted_from(1500, 72));
}

TEST(ToGguf, ATiedHeadThatIsStoredTwiceIsWrittenOnce) {
    FolderBuilder folder = small_folder("LlamaForCausalLM");
    folder.tensor("lm_head.weight", {9, 8}, 1000);
    EXPECT_EQ(Converted(folder).file().tensor("output.weight"), nullptr);
    folder.tensor("lm_head.weight", {9, 8}, 1001);
    EXPECT_THROW(Converted{folder}, core::Error);
}

TEST(ToGguf, WhetherTheHeadIsTiedIsReadFromTheTensorsWhereConfigIsSilent) {
    FolderBuilder folder = small_folder("LlamaForCausalLM");
    folder.config.erase("tie_word_embeddings");
    EXPECT_EQ(Converted(folder).file().tensor("output.weight"), nullptr);
    folder.tensor("lm_head.weight", {9, 8}, 1500);
    EXPECT_NE(Converted(folder).file().tensor("output.weight"), nullptr);
}

TEST(ToGguf, Llama3StretchesLowFrequenciesOnly) {
    FolderBuilder folder = small_folder("LlamaForCausalLM");
    folder.config["rope_theta"] = 500000.0;
    folder.config["max_position_embeddings"] = 131072;
    folder.config["rope_scaling"] = {{"rope_type", "llama3"},
                                     {"factor", 8.0},
                                     {"low_freq_factor", 1.0},
                                     {"high_freq_factor", 4.0},
                                     {"original_max_position_embeddings", 4096}};
    const Converted converted(folder);
    // Wavelengths 2π and 2π·√500000 = 4443, the second beyond the original context of 4096.
    EXPECT_THAT(converted.values("rope_freqs.weight"), ElementsAre(1.0f, 8.0f));
    // 5000 / 4443 = 1.1254 lies between the factors 1 and 4: smooth = 0.0418, 1 / ((1 − 0.0418) / 8 + 0.0418) = 6.189.
    folder.config["rope_scaling"]["original_max_position_embeddings"] = 5000;
    EXPECT_NEAR(Converted(folder).values("rope_freqs.weight")[1], 6.189, 0.001);
}

TEST(ToGguf, QwenKeepsItsRowsAndHasBiases) {
    FolderBuilder folder = small_folder("Qwen2ForCausalLM");
    for (const auto& [part, rows] : {std::pair{"q", 8}, {"k", 4}, {"v", 4}})
        folder.tensor(std::string("model.layers.0.self_attn.") + part + "_proj.bias",
                      {static_cast<std::uint64_t>(rows)}, 10);
    const Converted converted(folder);
    EXPECT_EQ(converted.values("blk.0.attn_q.weight"), counted_from(3000, 64));
    EXPECT_EQ(converted.values("blk.0.attn_q.bias"), counted_from(10, 8));
    EXPECT_EQ(converted.file().text("general.architecture"), "qwen2");
}

TEST(ToGguf, Qwen3NormalisesHeads) {
    FolderBuilder folder = small_folder("Qwen3ForCausalLM");
    folder.tensor("model.layers.0.self_attn.q_norm.weight", {4}, 20)
        .tensor("model.layers.0.self_attn.k_norm.weight", {4}, 30);
    const Converted converted(folder);
    EXPECT_EQ(converted.values("blk.0.attn_q_norm.weight"), counted_from(20, 4));
    EXPECT_EQ(converted.values("blk.0.attn_k_norm.weight"), counted_from(30, 4));
}

FolderBuilder small_gemma(const std::string& class_name) {
    FolderBuilder folder = small_folder(class_name);
    folder.config["hidden_activation"] = "gelu_pytorch_tanh";
    folder.config["sliding_window"] = 16;
    folder.config["query_pre_attn_scalar"] = 4;
    folder.tensor("model.layers.0.pre_feedforward_layernorm.weight", {8}, 2300);
    folder.tensor("model.layers.0.post_feedforward_layernorm.weight", {8}, 2400);
    return folder;
}

TEST(ToGguf, GemmasNormsAreStoredPlusOne) {
    FolderBuilder folder = small_gemma("Gemma2ForCausalLM");
    folder.config["attn_logit_softcapping"] = 50.0;
    folder.config["final_logit_softcapping"] = 30.0;
    const Converted converted(folder);
    EXPECT_EQ(converted.values("output_norm.weight"), counted_from(2001, 8));
    EXPECT_EQ(converted.values("blk.0.attn_norm.weight"), counted_from(2101, 8));
    EXPECT_EQ(converted.values("blk.0.post_attention_norm.weight"), counted_from(2201, 8));
    EXPECT_EQ(converted.values("blk.0.ffn_norm.weight"), counted_from(2301, 8));
    EXPECT_EQ(converted.values("blk.0.post_ffw_norm.weight"), counted_from(2401, 8));
    EXPECT_EQ(converted.values("blk.0.attn_q.weight"), counted_from(3000, 64));
    EXPECT_EQ(converted.real("gemma2.attn_logit_softcapping"), 50);
    EXPECT_EQ(converted.file().number("gemma2.attention.sliding_window"), 16u);
}

TEST(ToGguf, Gemma3HasTwoRotaryBases) {
    FolderBuilder folder = small_gemma("Gemma3ForCausalLM");
    folder.tensor("model.layers.0.self_attn.q_norm.weight", {4}, 20)
        .tensor("model.layers.0.self_attn.k_norm.weight", {4}, 30);
    folder.config["rope_theta"] = 1e6;
    folder.config["rope_local_base_freq"] = 20000.0;
    const Converted old(folder);
    EXPECT_EQ(old.real("gemma3.rope.freq_base"), 1e6);
    EXPECT_EQ(old.real("gemma3.rope.freq_base_swa"), 20000);
    EXPECT_EQ(old.values("blk.0.attn_q_norm.weight"), counted_from(21, 4));
    folder.config.erase("rope_theta");
    folder.config.erase("rope_local_base_freq");
    folder.config["rope_parameters"] = {
        {"full_attention", {{"rope_type", "linear"}, {"factor", 8.0}, {"rope_theta", 3e6}}},
        {"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 30000.0}}}};
    const Converted layered(folder);
    EXPECT_EQ(layered.real("gemma3.rope.freq_base"), 3e6);
    EXPECT_EQ(layered.real("gemma3.rope.freq_base_swa"), 30000);
    EXPECT_EQ(layered.real("gemma3.rope.scaling.factor"), 8);
}

TEST(ToGguf, Phi3KeepsItsInputsFused) {
    FolderBuilder folder = small_folder("Phi3ForCausalLM");
    folder.config["original_max_position_embeddings"] = 32;
    folder.config["rope_scaling"] = {{"type", "longrope"}, {"long_factor", {2.0, 3.0}}, {"short_factor", {1.0, 1.5}}};
    for (const char* part :
         {"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "mlp.gate_proj", "mlp.up_proj"})
        folder.tensors.erase(std::string("model.layers.0.") + part + ".weight");
    folder.tensor("model.layers.0.self_attn.qkv_proj.weight", {16, 8}, 3000);
    folder.tensor("model.layers.0.mlp.gate_up_proj.weight", {12, 8}, 7000);
    const Converted converted(folder);
    EXPECT_EQ(converted.values("blk.0.attn_qkv.weight"), counted_from(3000, 128));
    EXPECT_EQ(converted.values("blk.0.ffn_up.weight"), counted_from(7000, 96));
    EXPECT_EQ(converted.file().tensor("blk.0.ffn_gate.weight"), nullptr);
    EXPECT_THAT(converted.values("rope_factors_long.weight"), ElementsAre(2.0f, 3.0f));
    EXPECT_EQ(converted.file().text("general.name"), "Phi 0.43K");  // without <|endoftext|> it may not be called Phi3
    // √(1 + ln 2 / ln 32) = √1.2
    EXPECT_NEAR(converted.real("phi3.rope.scaling.attn_factor"), 1.0954451, 1e-6);
}

void put_experts(FolderBuilder& folder, const std::string& block, const std::vector<std::string>& parts) {
    for (const char* part : {"gate_proj", "up_proj", "down_proj"})
        folder.tensors.erase(std::string("model.layers.0.mlp.") + part + ".weight");
    folder.tensor("model.layers.0." + block + "gate.weight", {2, 8}, 50);
    for (int expert = 0; expert < 2; ++expert)
        for (std::size_t part = 0; part < 3; ++part)
            folder.tensor(
                "model.layers.0." + block + "experts." + std::to_string(expert) + "." + parts[part] + ".weight",
                part == 2 ? std::vector<std::uint64_t>{8, 6} : std::vector<std::uint64_t>{6, 8},
                static_cast<float>(10000 * (expert + 1) + 1000 * static_cast<int>(part)));
}

void expect_experts(const Converted& converted) {
    for (const auto& [name, first] : {std::pair{"gate", 10000.0f}, {"up", 11000.0f}, {"down", 12000.0f}}) {
        const auto values = converted.values(std::string("blk.0.ffn_") + name + "_exps.weight");
        ASSERT_EQ(values.size(), 96u) << name;
        EXPECT_EQ(values[0], first) << name;
        EXPECT_EQ(values[48], first + 10000) << name;
    }
    EXPECT_THAT(converted.file().tensor("blk.0.ffn_down_exps.weight")->shape, ElementsAre(6u, 8u, 2u));
    EXPECT_EQ(converted.values("blk.0.ffn_gate_inp.weight"), counted_from(50, 16));
}

TEST(ToGguf, MixtralsExpertsAreStacked) {
    FolderBuilder folder = small_folder("MixtralForCausalLM");
    folder.config["num_local_experts"] = 2;
    folder.config["num_experts_per_tok"] = 1;
    put_experts(folder, "block_sparse_moe.", {"w1", "w3", "w2"});
    const Converted converted(folder);
    expect_experts(converted);
    EXPECT_EQ(converted.file().number("llama.expert_count"), 2u);
    EXPECT_EQ(converted.file().number("llama.expert_used_count"), 1u);
    EXPECT_THAT(converted.row_starts("blk.0.attn_k.weight"), ElementsAre(4000, 4016, 4008, 4024));
}

TEST(ToGguf, QwensExpertsAreStackedWithTheSharedOneApart) {
    FolderBuilder folder = small_folder("Qwen2MoeForCausalLM");
    folder.config.update({{"num_experts", 2},
                          {"num_experts_per_tok", 1},
                          {"moe_intermediate_size", 6},
                          {"shared_expert_intermediate_size", 5},
                          {"qkv_bias", false}});
    put_experts(folder, "mlp.", {"gate_proj", "up_proj", "down_proj"});
    folder.tensor("model.layers.0.mlp.shared_expert_gate.weight", {1, 8}, 60);
    folder.tensor("model.layers.0.mlp.shared_expert.gate_proj.weight", {5, 8}, 100);
    folder.tensor("model.layers.0.mlp.shared_expert.up_proj.weight", {5, 8}, 200);
    folder.tensor("model.layers.0.mlp.shared_expert.down_proj.weight", {8, 5}, 300);
    const Converted converted(folder);
    expect_experts(converted);
    EXPECT_EQ(converted.values("blk.0.ffn_up_shexp.weight"), counted_from(200, 40));
    EXPECT_EQ(converted.values("blk.0.ffn_gate_inp_shexp.weight"), counted_from(60, 8));
    EXPECT_EQ(converted.file().number("qwen2moe.expert_shared_feed_forward_length"), 5u);
}

TEST(ToGguf, PrecisionIsKept) {
    for (const auto& [dtype, file_type] : {std::pair{"F16", 1}, {"BF16", 32}, {"F32", 0}}) {
        FolderBuilder folder = small_folder("LlamaForCausalLM");
        folder.dtype = dtype;
        const Converted converted(folder);
        EXPECT_EQ(converted.file().tensor("blk.0.attn_q.weight")->type->name, dtype);
        EXPECT_EQ(converted.file().tensor("blk.0.attn_norm.weight")->type->name, "F32");
        EXPECT_EQ(converted.file().number("general.file_type"), static_cast<std::uint64_t>(file_type));
    }
}

TEST(ToGguf, TheFileSaysWhatTheEngineNeeds) {
    const Converted converted(small_folder("LlamaForCausalLM"));
    const ModelSummary summary = summarise(converted.file());
    EXPECT_EQ(summary.architecture, "llama");
    EXPECT_EQ(summary.layers, 1u);
    EXPECT_EQ(summary.vocabulary, 9u);
    EXPECT_EQ(summary.kv_heads, 1u);
    EXPECT_EQ(converted.file().number("llama.rope.dimension_count"), 4u);
    EXPECT_EQ(converted.file().number("tokenizer.ggml.bos_token_id", 99), 99u);  // nothing maps <s> to a number
}

TEST(ToGguf, EqualFoldersGiveEqualBytes) {
    const core::TemporaryFolder a, b;
    for (const core::TemporaryFolder* folder : {&a, &b}) {
        small_folder("LlamaForCausalLM").write(folder->path());
        write_gguf(read_model_folder(folder->path()), folder->path() / "out.gguf");
    }
    EXPECT_EQ(core::read_file(a.path() / "out.gguf"), core::read_file(b.path() / "out.gguf"));
    EXPECT_EQ(folder_digest(a.path(), "hashing"), folder_digest(b.path(), "hashing"));
    core::write_file_atomic(b.path() / "README.md", "not part of the model");
    EXPECT_EQ(folder_digest(a.path(), "hashing"), folder_digest(b.path(), "hashing"));
    core::write_file_atomic(b.path() / "tokenizer_config.json", "{}");
    EXPECT_NE(folder_digest(a.path(), "hashing"), folder_digest(b.path(), "hashing"));
}

}  // namespace
}  // namespace scale::model
