// The Hugging Face model classes that can be read, and how each differs from Llama's layout.
// Source: the modelling files of transformers and llama.cpp's conversion scripts at the pinned version.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scale::model {

enum class ExpertLayout {
    none,
    mixtral,  // block_sparse_moe.gate, block_sparse_moe.experts.N.w1 (gate), w2 (down), w3 (up)
    qwen,     // mlp.gate, mlp.experts.N.gate_proj, up_proj, down_proj; mlp.shared_expert and its gate
};

struct Family {
    std::string_view class_name;  // in "architectures" of config.json
    std::string_view gguf;        // general.architecture
    std::string_view activation;  // hidden_act that the engine's graph has
    // The engine rotates neighbouring rows of a head, transformers a row and the one half a head further: the rows of q
    // and k are stored in another order.
    bool permutes_heads = false;
    bool norms_plus_one = false;   // the layer multiplies by 1 + weight; GGUF holds the sum
    bool fused_inputs = false;     // qkv_proj and gate_up_proj
    bool biased_inputs = false;    // q, k and v have biases whatever config.json says
    bool head_norms = false;       // q_norm and k_norm
    bool sandwich_norms = false;   // norms behind attention and feed-forward too
    bool always_tied = false;      // the engine's graph has no head of its own
    bool local_attention = false;  // the engine applies sliding_window, in this family's pattern of layers
    ExpertLayout experts = ExpertLayout::none;
    bool shared_expert = false;
    // What config.json may leave out; 0: it may not (head size: width / heads).
    double rope_base = 0;
    std::uint64_t head_size = 0;
};

// Throws an input error naming `source` and the classes that are known where this one is not.
const Family& family(std::string_view class_name, const std::string& source);

const std::vector<Family>& families();

}  // namespace scale::model
