#include "model/huggingface/architecture.h"

#include <fmt/format.h>

#include "model/huggingface/config_values.h"
#include "model/huggingface/rope.h"

namespace scale::model {

namespace {

constexpr std::uint64_t largest_config = 16 << 20;
constexpr std::uint64_t most_layers = 512;    // LLAMA_MAX_LAYERS
constexpr std::uint64_t most_experts = 1024;  // LLAMA_MAX_EXPERTS
constexpr std::uint64_t largest_size = std::uint64_t{1} << 24;
constexpr std::uint64_t longest_context = std::uint64_t{1} << 31;

const Family& read_family(const core::Json& config, const std::string& source) {
    const auto named = config.is_object() ? config.find("architectures") : config.end();
    if (named == config.end() || !named->is_array() || named->size() != 1 || !named->front().is_string())
        ConfigValues(core::Json::object(), source)
            .refuse("'architectures' does not name one class", "such as [\"LlamaForCausalLM\"]");
    return family(named->front().get<std::string>(), source);
}

void refuse_quantised(const ConfigValues& config) {
    if (!config.has("quantization_config")) return;
    const core::Json& quantised = config.at("quantization_config");
    const bool named =
        quantised.is_object() && quantised.contains("quant_method") && quantised["quant_method"].is_string();
    const std::string method = named ? quantised["quant_method"].get<std::string>() : "unknown";
    config.refuse(fmt::format("the model is quantised already (quant_method '{}')", method.substr(0, 40)),
                  "a model in full precision", "name the folder of the original model");
}

void read_sizes(const ConfigValues& config, Architecture& architecture) {
    const Family& family = *architecture.family;
    const bool is_gemma3 = family.gguf == "gemma3";  // whose released configurations leave out what is the default
    architecture.layers = config.count("num_hidden_layers", most_layers);
    architecture.width = config.count("hidden_size", largest_size);
    architecture.feed_forward = config.count("intermediate_size", largest_size);
    architecture.heads = is_gemma3 ? config.count_or("num_attention_heads", largest_size, 8)
                                   : config.count("num_attention_heads", largest_size);
    architecture.kv_heads = config.count_or("num_key_value_heads", largest_size, is_gemma3 ? 4 : architecture.heads);
    if (architecture.heads % architecture.kv_heads != 0)
        config.refuse(fmt::format("num_attention_heads {} is no multiple of num_key_value_heads {}", architecture.heads,
                                  architecture.kv_heads),
                      "query heads in equal groups");
    if (!config.has("head_dim") && family.head_size == 0 && architecture.width % architecture.heads != 0)
        config.refuse(fmt::format("hidden_size {} is no multiple of num_attention_heads {}", architecture.width,
                                  architecture.heads),
                      "head_dim, or a hidden_size that divides");
    const std::uint64_t usual = family.head_size ? family.head_size : architecture.width / architecture.heads;
    architecture.head_size = config.count_or("head_dim", largest_size, usual);
    if (architecture.head_size % 2 != 0)
        config.refuse(fmt::format("head_dim is {}", architecture.head_size), "an even number");
    architecture.context = is_gemma3 ? config.count_or("max_position_embeddings", longest_context, 131072)
                                     : config.count("max_position_embeddings", longest_context);
    architecture.vocabulary =
        is_gemma3 ? config.count_or("vocab_size", largest_size, 262208) : config.count("vocab_size", largest_size);
    architecture.norm_epsilon = is_gemma3 ? config.positive_or("rms_norm_eps", 1e-6) : config.positive("rms_norm_eps");
}

void read_options(const ConfigValues& config, Architecture& architecture) {
    const Family& family = *architecture.family;
    const std::string activation =
        config.text_or("hidden_activation", config.text_or("hidden_act", std::string(family.activation)));
    if (activation != family.activation)
        config.refuse(fmt::format("hidden_act is '{}'", activation),
                      fmt::format("'{}', which the engine computes for {}", family.activation, family.gguf));
    if (config.has("tie_word_embeddings")) architecture.tied_head = config.flag_or("tie_word_embeddings", false);
    architecture.attention_bias = config.flag_or("attention_bias", false);
    architecture.input_bias = family.biased_inputs && config.flag_or("qkv_bias", true);
    architecture.feed_forward_bias = config.flag_or("mlp_bias", false);
    const bool biases_have_a_place = family.gguf == "llama" && family.experts == ExpertLayout::none;
    if ((architecture.attention_bias || architecture.feed_forward_bias) && !biases_have_a_place)
        config.refuse("attention_bias or mlp_bias is true", "false for this architecture");
}

void read_experts(const ConfigValues& config, Architecture& architecture) {
    const Family& family = *architecture.family;
    if (family.experts == ExpertLayout::none) return;
    architecture.experts = config.has("num_local_experts") ? config.count("num_local_experts", most_experts)
                                                           : config.count("num_experts", most_experts);
    architecture.experts_used = config.count("num_experts_per_tok", architecture.experts);
    if (family.experts == ExpertLayout::mixtral) {
        architecture.expert_feed_forward = architecture.feed_forward;
        return;
    }
    architecture.expert_feed_forward = config.count("moe_intermediate_size", largest_size);
    if (family.shared_expert)
        architecture.shared_feed_forward = config.count("shared_expert_intermediate_size", largest_size);
    const bool all_layers = config.count_or("decoder_sparse_step", most_layers, 1) == 1 &&
                            (!config.has("mlp_only_layers") || config.at("mlp_only_layers").empty());
    if (!all_layers) config.refuse("some layers have no experts", "experts in every layer");
    // Whether the chosen experts' weights are scaled to 1 is fixed in the engine's graphs.
    const bool normalised = config.flag_or("norm_topk_prob", family.gguf == "qwen3moe");
    if (normalised != (family.gguf == "qwen3moe"))
        config.refuse(fmt::format("norm_topk_prob is {}", normalised),
                      fmt::format("{} for {}, as the engine computes it", !normalised, family.gguf));
}

// Layers with a window and layers without one come in a fixed order in the engine's graphs.
void check_layer_pattern(const ConfigValues& config, const Architecture& architecture) {
    const std::uint64_t period = architecture.family->gguf == "gemma2" ? 2 : 6;
    if (config.has("sliding_window_pattern") && config.count("sliding_window_pattern", most_layers) != period)
        config.refuse(fmt::format("sliding_window_pattern is {}", config.at("sliding_window_pattern").dump()),
                      fmt::format("{}, as the engine computes it", period));
    if (!config.has("layer_types")) return;
    const core::Json& types = config.at("layer_types");
    if (!types.is_array() || types.size() != architecture.layers)
        config.refuse("layer_types has another length than num_hidden_layers", "one type a layer");
    for (std::uint64_t layer = 0; layer < architecture.layers; ++layer) {
        const char* wanted = (layer + 1) % period == 0 ? "full_attention" : "sliding_attention";
        if (types[layer] != wanted)
            config.refuse(fmt::format("layer_types differs from the engine's at layer {}", layer),
                          fmt::format("{} there", wanted));
    }
}

void read_attention(const ConfigValues& config, Architecture& architecture) {
    const Family& family = *architecture.family;
    if (config.has("sliding_window") && config.at("sliding_window") != 0)
        architecture.sliding_window = config.count("sliding_window", longest_context);
    if (!family.local_attention) {
        if (config.flag_or("use_sliding_window", false))
            config.refuse("use_sliding_window is true", "false; the engine attends to the whole context");
        const bool in_use = architecture.sliding_window != 0 && family.gguf != "qwen2" && family.gguf != "qwen3" &&
                            family.gguf != "qwen2moe" && family.gguf != "qwen3moe";
        if (in_use && architecture.sliding_window < architecture.context)
            architecture.notes.push_back(fmt::format(
                "sliding_window {} is not applied by the engine: beyond that many tokens it attends to all of them",
                architecture.sliding_window));
        return;
    }
    if (architecture.sliding_window == 0) config.refuse("sliding_window is missing", "the window of the local layers");
    check_layer_pattern(config, architecture);
    if (config.has("attn_logit_softcapping"))
        architecture.attention_softcap = config.positive("attn_logit_softcapping");
    if (config.has("final_logit_softcapping")) architecture.final_softcap = config.positive("final_logit_softcapping");
    if (family.gguf == "gemma3" && architecture.attention_softcap != 0)
        config.refuse("attn_logit_softcapping is set", "null for Gemma 3");
    if (family.gguf == "gemma2" && (architecture.attention_softcap == 0 || architecture.final_softcap == 0))
        config.refuse("attn_logit_softcapping or final_logit_softcapping is missing", "both for Gemma 2");
    if (config.flag_or("use_bidirectional_attention", false))
        config.refuse("use_bidirectional_attention is true", "a model that generates text");
    // The engine knows the 27 B models by their number of layers and scales queries by width / heads there.
    const bool is_27b = architecture.layers == (family.gguf == "gemma2" ? 46 : 62);
    const double scaled_by = is_27b ? static_cast<double>(architecture.width / architecture.heads)
                                    : static_cast<double>(architecture.head_size);
    if (config.positive_or("query_pre_attn_scalar", scaled_by) != scaled_by)
        config.refuse(fmt::format("query_pre_attn_scalar is {}", config.at("query_pre_attn_scalar").dump()),
                      fmt::format("{}, as the engine computes it", scaled_by));
}

}  // namespace

Architecture read_architecture(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "config.json";
    const core::Json json = read_json_file(file, largest_config);
    Architecture architecture;
    architecture.family = &read_family(json, file.string());
    const ConfigValues config(json, file.string());
    refuse_quantised(config);
    read_sizes(config, architecture);
    read_options(config, architecture);
    read_experts(config, architecture);
    read_attention(config, architecture);
    read_rope(config, architecture);
    return architecture;
}

}  // namespace scale::model
