#include "model/huggingface/tensor_map.h"

#include <fmt/format.h>

namespace scale::model {

namespace {

class Mapper {
  public:
    explicit Mapper(const Architecture& architecture) : is_(architecture), family_(*architecture.family) {}

    std::vector<MappedTensor> map() {
        matrix("token_embd", "model.embed_tokens", is_.vocabulary, is_.width);
        norm("output_norm", "model.norm", is_.width);
        if (!is_.tied_head.value_or(false) && !family_.always_tied)
            matrix("output", "lm_head", is_.vocabulary, is_.width);
        for (std::uint64_t layer = 0; layer < is_.layers; ++layer) {
            gguf_ = fmt::format("blk.{}.", layer);
            source_ = fmt::format("model.layers.{}.", layer);
            norms();
            attention();
            if (family_.experts == ExpertLayout::none)
                feed_forward();
            else
                experts();
        }
        return std::move(tensors_);
    }

  private:
    MappedTensor& add(const std::string& name, const std::string& source, std::vector<std::uint64_t> shape) {
        return tensors_.emplace_back(MappedTensor{gguf_ + name, {source_ + source}, std::move(shape), 0, false, false});
    }

    MappedTensor& matrix(const std::string& name, const std::string& source, std::uint64_t rows,
                         std::uint64_t columns) {
        return add(name + ".weight", source + ".weight", {rows, columns});
    }

    void norm(const std::string& name, const std::string& source, std::uint64_t length) {
        MappedTensor& tensor = add(name + ".weight", source + ".weight", {length});
        tensor.as_float = true;
        tensor.plus_one = family_.norms_plus_one;
    }

    MappedTensor& bias(const std::string& name, const std::string& source, std::uint64_t length) {
        MappedTensor& tensor = add(name + ".bias", source + ".bias", {length});
        tensor.as_float = true;
        return tensor;
    }

    void norms() {
        norm("attn_norm", "input_layernorm", is_.width);
        if (family_.sandwich_norms) {
            norm("post_attention_norm", "post_attention_layernorm", is_.width);
            norm("ffn_norm", "pre_feedforward_layernorm", is_.width);
            norm("post_ffw_norm", "post_feedforward_layernorm", is_.width);
        } else {
            norm("ffn_norm", "post_attention_layernorm", is_.width);
        }
        if (family_.head_norms) {
            norm("attn_q_norm", "self_attn.q_norm", is_.head_size);
            norm("attn_k_norm", "self_attn.k_norm", is_.head_size);
        }
    }

    void attention() {
        const std::uint64_t query = is_.heads * is_.head_size;
        const std::uint64_t key = is_.kv_heads * is_.head_size;
        if (family_.fused_inputs) {
            matrix("attn_qkv", "self_attn.qkv_proj", query + 2 * key, is_.width);
        } else {
            const std::uint64_t permuted = family_.permutes_heads ? is_.head_size : 0;
            const bool biased = is_.attention_bias || is_.input_bias;
            input("attn_q", "self_attn.q_proj", query, permuted, biased);
            input("attn_k", "self_attn.k_proj", key, permuted, biased);
            input("attn_v", "self_attn.v_proj", key, 0, biased);
        }
        matrix("attn_output", "self_attn.o_proj", is_.width, query);
        if (is_.attention_bias) bias("attn_output", "self_attn.o_proj", is_.width);
    }

    void input(const char* name, const char* source, std::uint64_t rows, std::uint64_t head_size, bool biased) {
        matrix(name, source, rows, is_.width).head_size = head_size;
        if (biased) bias(name, source, rows).head_size = head_size;
    }

    void feed_forward() {
        if (family_.fused_inputs) {
            matrix("ffn_up", "mlp.gate_up_proj", 2 * is_.feed_forward, is_.width);
            matrix("ffn_down", "mlp.down_proj", is_.width, is_.feed_forward);
            return;
        }
        matrix("ffn_gate", "mlp.gate_proj", is_.feed_forward, is_.width);
        matrix("ffn_up", "mlp.up_proj", is_.feed_forward, is_.width);
        matrix("ffn_down", "mlp.down_proj", is_.width, is_.feed_forward);
        if (!is_.feed_forward_bias) return;
        bias("ffn_gate", "mlp.gate_proj", is_.feed_forward);
        bias("ffn_up", "mlp.up_proj", is_.feed_forward);
        bias("ffn_down", "mlp.down_proj", is_.width);
    }

    void experts() {
        const bool mixtral = family_.experts == ExpertLayout::mixtral;
        const std::string block = mixtral ? "block_sparse_moe." : "mlp.";
        matrix("ffn_gate_inp", block + "gate", is_.experts, is_.width).as_float = true;
        stacked("ffn_gate_exps", block, mixtral ? "w1" : "gate_proj", is_.expert_feed_forward, is_.width);
        stacked("ffn_up_exps", block, mixtral ? "w3" : "up_proj", is_.expert_feed_forward, is_.width);
        stacked("ffn_down_exps", block, mixtral ? "w2" : "down_proj", is_.width, is_.expert_feed_forward);
        if (!family_.shared_expert) return;
        matrix("ffn_gate_inp_shexp", "mlp.shared_expert_gate", 1, is_.width).as_float = true;
        matrix("ffn_gate_shexp", "mlp.shared_expert.gate_proj", is_.shared_feed_forward, is_.width);
        matrix("ffn_up_shexp", "mlp.shared_expert.up_proj", is_.shared_feed_forward, is_.width);
        matrix("ffn_down_shexp", "mlp.shared_expert.down_proj", is_.width, is_.shared_feed_forward);
    }

    void stacked(const char* name, const std::string& block, const char* part, std::uint64_t rows,
                 std::uint64_t columns) {
        MappedTensor tensor{gguf_ + name + ".weight", {}, {rows, columns}, 0, false, false};
        for (std::uint64_t expert = 0; expert < is_.experts; ++expert)
            tensor.sources.push_back(fmt::format("{}{}experts.{}.{}.weight", source_, block, expert, part));
        tensors_.push_back(std::move(tensor));
    }

    const Architecture& is_;
    const Family& family_;
    std::string gguf_;  // prefixes of the layer at work
    std::string source_;
    std::vector<MappedTensor> tensors_;
};

}  // namespace

std::vector<MappedTensor> map_tensors(const Architecture& architecture) {
    return Mapper(architecture).map();
}

}  // namespace scale::model
