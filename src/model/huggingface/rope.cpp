#include "model/huggingface/rope.h"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace scale::model {

namespace {

constexpr std::uint64_t longest_context = std::uint64_t{1} << 31;
constexpr double local_base = 10000;  // Gemma 3, where config.json is silent

// The object with rope_type and its numbers: rope_parameters since transformers 5, rope_scaling before; by type of
// layer in either.
const core::Json& scaling_object(const ConfigValues& config, const char* layer_type) {
    static const core::Json none = core::Json::object();
    const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
    if (!config.has(key)) return none;
    const core::Json& object = config.at(key);
    if (!object.is_object()) return object;  // refused by the reader of its values
    const auto layered = object.find(layer_type);
    if (layered != object.end() && layered->is_object()) return *layered;
    if (object.contains("full_attention") || object.contains("sliding_attention")) return none;
    return object;
}

void read_scaling(const ConfigValues& values, const ConfigValues& config, Architecture& architecture) {
    RopeScaling& scaling = architecture.rope_scaling;
    std::string type = values.text_or("rope_type", values.text_or("type", "default"));
    if (type == "su") type = "longrope";
    const std::string_view gguf = architecture.family->gguf;
    const auto original_context = [&] {
        const char* key = "original_max_position_embeddings";
        return values.has(key) ? values.count(key, longest_context) : config.count(key, longest_context);
    };
    if (gguf == "phi3") scaling.original_context = original_context();
    if (type == "default") return;
    const bool has_counterpart = type == "linear" || type == "yarn" || (type == "llama3" && gguf == "llama") ||
                                 (type == "longrope" && gguf == "phi3");
    if (!has_counterpart)
        values.refuse(fmt::format("rope_type is '{}'", type),
                      "default, linear or yarn; llama3 for Llama, longrope for Phi-3");
    scaling.type = type;
    if (type != "longrope") scaling.factor = values.positive("factor");
    if (type != "linear") scaling.original_context = original_context();
    if (type == "llama3") {
        scaling.low_frequency = values.positive("low_freq_factor");
        scaling.high_frequency = values.positive("high_freq_factor");
        if (scaling.high_frequency <= scaling.low_frequency)
            values.refuse("high_freq_factor is not above low_freq_factor", "the factors of the released model");
    }
    if (type == "yarn") {
        if (values.has("attention_factor")) scaling.attention_factor = values.positive("attention_factor");
        if (values.has("beta_fast")) scaling.beta_fast = values.positive("beta_fast");
        if (values.has("beta_slow")) scaling.beta_slow = values.positive("beta_slow");
    }
    if (type == "longrope") {
        scaling.long_factors = values.positives("long_factor", 4096);
        scaling.short_factors = values.positives("short_factor", 4096);
        const std::size_t pairs = architecture.rotary_size / 2;
        if (scaling.long_factors.size() != pairs || scaling.short_factors.size() != pairs)
            values.refuse(fmt::format("long_factor and short_factor have {} and {} numbers",
                                      scaling.long_factors.size(), scaling.short_factors.size()),
                          fmt::format("{}, half of the rotated components of a head", pairs));
    }
}

}  // namespace

void read_rope(const ConfigValues& config, Architecture& architecture) {
    const ConfigValues values(scaling_object(config, "full_attention"), config.source() + ": rope_parameters");
    const Family& family = *architecture.family;
    if (values.has("rope_theta"))
        architecture.rope_base = values.positive("rope_theta");
    else if (config.has("rope_theta") || family.rope_base == 0)
        architecture.rope_base = config.positive("rope_theta");
    else
        architecture.rope_base = family.rope_base;

    if (family.gguf == "gemma3") {
        const ConfigValues local(scaling_object(config, "sliding_attention"), config.source() + ": rope_parameters");
        const bool layered = config.has("rope_parameters") && local.has("rope_theta");
        architecture.rope_base_local =
            layered ? local.positive("rope_theta") : config.positive_or("rope_local_base_freq", local_base);
        if (layered && local.text_or("rope_type", "default") != "default")
            local.refuse("the layers with a window have a rope_type of their own", "default");
    }
    const double share = values.positive_or("partial_rotary_factor", config.positive_or("partial_rotary_factor", 1));
    if (share != 1 && family.gguf != "phi3")
        config.refuse(fmt::format("partial_rotary_factor is {}", share), "1 for this architecture");
    architecture.rotary_size = static_cast<std::uint64_t>(share * static_cast<double>(architecture.head_size));
    if (share > 1 || architecture.rotary_size == 0 || architecture.rotary_size % 2 != 0)
        config.refuse(fmt::format("partial_rotary_factor is {}", share), "a share that rotates pairs of components");
    read_scaling(values, config, architecture);
}

// In 32 bits throughout, as transformers and llama.cpp's converter compute it.
std::vector<float> llama3_divisors(const Architecture& architecture) {
    const RopeScaling& scaling = architecture.rope_scaling;
    const auto base = static_cast<float>(architecture.rope_base);
    const auto factor = static_cast<float>(scaling.factor);
    const auto low = static_cast<float>(scaling.low_frequency);
    const auto high = static_cast<float>(scaling.high_frequency);
    const auto original = static_cast<float>(scaling.original_context);
    std::vector<float> divisors;
    for (std::uint64_t component = 0; component < architecture.head_size; component += 2) {
        const float exponent = static_cast<float>(component) / static_cast<float>(architecture.head_size);
        const float wavelength = 2 * std::numbers::pi_v<float> / (1 / std::pow(base, exponent));
        if (wavelength < original / high) {
            divisors.push_back(1);
        } else if (wavelength > original / low) {
            divisors.push_back(factor);
        } else {
            const float smooth = (original / wavelength - low) / (high - low);
            divisors.push_back(1 / ((1 - smooth) / factor + smooth));
        }
    }
    return divisors;
}

double longrope_attention_factor(const Architecture& architecture) {
    const auto original = static_cast<double>(architecture.rope_scaling.original_context);
    const double stretch = static_cast<double>(architecture.context) / original;
    return stretch <= 1 ? 1 : std::sqrt(1 + std::log(stretch) / std::log(original));
}

}  // namespace scale::model
