// Writes small Hugging Face folders, right or deliberately wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/json.h"
#include "support/safetensors_builder.h"

namespace scale::test {

// One message of SentencePiece's tokenizer.model.
inline std::string piece(const std::string& text, float score, int kind) {
    std::string body = "\x0a" + std::string(1, static_cast<char>(text.size())) + text + "\x15";
    body.append(reinterpret_cast<const char*>(&score), sizeof score);
    body += std::string("\x18") + static_cast<char>(kind);
    return "\x0a" + std::string(1, static_cast<char>(body.size())) + body;
}

// Pieces <unk>, <s>, </s>, a user-defined line break, the byte 0, and two words; algorithm BPE.
inline std::string small_tokenizer() {
    return piece("<unk>", 0, 2) + piece("<s>", 0, 3) + piece("</s>", 0, 3) + piece("\n", 0, 4) + piece("<0x00>", 0, 6) +
           piece("\u2581a", -1.5F, 1) + piece("b", -2.5F, 1) + std::string("\x12\x02\x18\x02", 4);
}

class FolderBuilder {
  public:
    core::Json config;
    core::Json tokenizer_config = {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"add_bos_token", true}};
    std::string tokenizer_model = small_tokenizer();
    std::string dtype = "F32";

    // A tensor whose element i is `first` + i.
    FolderBuilder& tensor(const std::string& name, const std::vector<std::uint64_t>& shape, float first) {
        std::uint64_t count = 1;
        for (const std::uint64_t length : shape) count *= length;
        Tensor made{shape, {}};
        for (std::uint64_t i = 0; i < count; ++i) made.values.push_back(first + static_cast<float>(i));
        tensors[name] = std::move(made);
        return *this;
    }

    void write(const std::filesystem::path& folder) const {
        SafetensorsBuilder file;
        for (const auto& [name, tensor] : tensors) {
            std::string bytes(tensor.values.size() * (dtype == "F32" ? 4 : 2), '\0');
            if (dtype == "F32") std::memcpy(bytes.data(), tensor.values.data(), bytes.size());
            file.tensor(name, dtype, core::Json(tensor.shape).dump(), bytes);
        }
        core::write_file_atomic(folder / "model.safetensors", file.build());
        core::write_file_atomic(folder / "config.json", config.dump());
        core::write_file_atomic(folder / "tokenizer_config.json", tokenizer_config.dump());
        if (!tokenizer_model.empty()) core::write_file_atomic(folder / "tokenizer.model", tokenizer_model);
    }

    struct Tensor {
        std::vector<std::uint64_t> shape;
        std::vector<float> values;
    };
    std::map<std::string, Tensor> tensors;
};

// Width 8, two heads of 4, one key head, one layer, feed-forward 6, vocabulary 9: the tensors that every family has.
inline FolderBuilder small_folder(const std::string& class_name) {
    FolderBuilder folder;
    folder.config = {{"architectures", {class_name}},
                     {"hidden_size", 8},
                     {"num_hidden_layers", 1},
                     {"num_attention_heads", 2},
                     {"num_key_value_heads", 1},
                     {"head_dim", 4},
                     {"intermediate_size", 6},
                     {"max_position_embeddings", 64},
                     {"vocab_size", 9},
                     {"rms_norm_eps", 1e-5},
                     {"rope_theta", 10000.0},
                     {"tie_word_embeddings", true}};
    folder.tensor("model.embed_tokens.weight", {9, 8}, 1000).tensor("model.norm.weight", {8}, 2000);
    const std::string layer = "model.layers.0.";
    folder.tensor(layer + "input_layernorm.weight", {8}, 2100);
    folder.tensor(layer + "post_attention_layernorm.weight", {8}, 2200);
    folder.tensor(layer + "self_attn.q_proj.weight", {8, 8}, 3000);
    folder.tensor(layer + "self_attn.k_proj.weight", {4, 8}, 4000);
    folder.tensor(layer + "self_attn.v_proj.weight", {4, 8}, 5000);
    folder.tensor(layer + "self_attn.o_proj.weight", {8, 8}, 6000);
    folder.tensor(layer + "mlp.gate_proj.weight", {6, 8}, 7000);
    folder.tensor(layer + "mlp.up_proj.weight", {6, 8}, 8000);
    folder.tensor(layer + "mlp.down_proj.weight", {8, 6}, 9000);
    return folder;
}

}  // namespace scale::test
