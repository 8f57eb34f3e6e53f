#include "model/huggingface/family.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/gguf_metadata.h"

namespace scale::model {

const std::vector<Family>& families() {
    static const std::vector<Family> all{
        {.class_name = "LlamaForCausalLM",
         .gguf = "llama",
         .activation = "silu",
         .permutes_heads = true,
         .rope_base = 10000},
        {.class_name = "MistralForCausalLM", .gguf = "llama", .activation = "silu", .permutes_heads = true},
        {.class_name = "MixtralForCausalLM",
         .gguf = "llama",
         .activation = "silu",
         .permutes_heads = true,
         .experts = ExpertLayout::mixtral},
        {.class_name = "Qwen2ForCausalLM", .gguf = "qwen2", .activation = "silu", .biased_inputs = true},
        {.class_name = "Qwen2MoeForCausalLM",
         .gguf = "qwen2moe",
         .activation = "silu",
         .biased_inputs = true,
         .experts = ExpertLayout::qwen,
         .shared_expert = true},
        {.class_name = "Qwen3ForCausalLM", .gguf = "qwen3", .activation = "silu", .head_norms = true, .head_size = 128},
        {.class_name = "Qwen3MoeForCausalLM",
         .gguf = "qwen3moe",
         .activation = "silu",
         .head_norms = true,
         .experts = ExpertLayout::qwen},
        {.class_name = "Gemma2ForCausalLM",
         .gguf = "gemma2",
         .activation = "gelu_pytorch_tanh",
         .norms_plus_one = true,
         .sandwich_norms = true,
         .always_tied = true,
         .local_attention = true,
         .rope_base = 10000,
         .head_size = 256},
        {.class_name = "Gemma3ForCausalLM",
         .gguf = "gemma3",
         .activation = "gelu_pytorch_tanh",
         .norms_plus_one = true,
         .head_norms = true,
         .sandwich_norms = true,
         .always_tied = true,
         .local_attention = true,
         .rope_base = 1e6,
         .head_size = 256},
        {.class_name = "Phi3ForCausalLM", .gguf = "phi3", .activation = "silu", .fused_inputs = true},
    };
    return all;
}

const Family& family(std::string_view class_name, const std::string& source) {
    std::string known;
    for (const Family& one : families()) {
        if (one.class_name == class_name) return one;
        known += (known.empty() ? "" : ", ") + std::string(one.class_name);
    }
    throw core::input_error(
        fmt::format("{}: the architecture {} is not one that can be read", source, shown(class_name)), known,
        "convert it with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead");
}

}  // namespace scale::model
