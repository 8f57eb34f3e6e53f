#include "quantize/network/shape.h"

#include <limits>
#include <variant>

#include <fmt/format.h>

namespace scale::quantize {

namespace {

double real(const model::GgufFile& file, const std::string& key, double fallback) {
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end()) return fallback;
    if (const auto* value = std::get_if<double>(&found->second)) return *value;
    return static_cast<double>(file.number(key, 0));
}

// Keys that change what such a network computes, and that this one does not do.
std::string refusal(const model::GgufFile& file, const std::string& prefix) {
    if (file.number(prefix + "expert_count") > 0) return "a mixture of experts";
    for (const char* key : {"attention.sliding_window", "attention.scale", "attention.clamp_kqv", "logit_scale",
                            "residual_scale", "embedding_scale", "attn_logit_softcapping", "final_logit_softcapping"})
        if (file.has(prefix + key) && real(file, prefix + key, 0) != 0) return std::string("the setting ") + key;
    for (const char* key : {"attention.head_count", "attention.head_count_kv", "feed_forward_length"}) {
        const auto found = file.metadata().find(prefix + key);
        if (found != file.metadata().end() && std::holds_alternative<model::GgufArray>(found->second))
            return std::string(key) + " that differs from layer to layer";
    }
    const std::string scaling = file.text(prefix + "rope.scaling.type", "none");
    if (scaling != "none" && scaling != "linear") return "rotary scaling of type " + scaling;
    return {};
}

bool usable(const NetworkShape& shape) {
    constexpr int largest = 1 << 24;
    for (const int size : {shape.layers, shape.width, shape.feed_forward, shape.heads, shape.kv_heads, shape.head_width,
                           shape.vocabulary})
        if (size < 1 || size > largest) return false;
    return shape.heads % shape.kv_heads == 0 && shape.rotated % 2 == 0 && shape.rotated <= shape.head_width &&
           shape.norm_epsilon >= 0 && shape.rotation_base > 0 &&
           static_cast<long long>(shape.heads) * shape.head_width <= largest;
}

}  // namespace

ShapeReading read_shape(const model::GgufFile& file) {
    const std::string architecture = file.text("general.architecture");
    if (architecture != "llama" && architecture != "qwen2" && architecture != "qwen3")
        return {{}, "the architecture " + architecture};
    const std::string prefix = architecture + ".";
    if (std::string reason = refusal(file, prefix); !reason.empty()) return {{}, std::move(reason)};
    const auto size = [&](const char* key, std::uint64_t fallback) {
        const std::uint64_t value = file.number(prefix + key, fallback);
        return value > std::numeric_limits<int>::max() ? 0 : static_cast<int>(value);
    };
    NetworkShape shape;
    shape.layers = size("block_count", 0);
    shape.width = size("embedding_length", 0);
    shape.feed_forward = size("feed_forward_length", 0);
    shape.heads = size("attention.head_count", 0);
    shape.kv_heads = size("attention.head_count_kv", static_cast<std::uint64_t>(shape.heads));
    shape.head_width =
        size("attention.key_length", shape.heads > 0 ? static_cast<std::uint64_t>(shape.width / shape.heads) : 0);
    if (size("attention.value_length", static_cast<std::uint64_t>(shape.head_width)) != shape.head_width)
        return {{}, "values of another width than keys"};
    shape.rotated = size("rope.dimension_count", static_cast<std::uint64_t>(shape.head_width));
    shape.rotates_halves = architecture != "llama";
    shape.rotation_base = real(file, prefix + "rope.freq_base", 10000);
    const double stretch = real(file, prefix + "rope.scaling.factor", real(file, prefix + "rope.scale_linear", 1));
    if (stretch > 0) shape.position_scale = 1 / stretch;
    shape.norm_epsilon = static_cast<float>(real(file, prefix + "attention.layer_norm_rms_epsilon", -1));
    if (const auto* embedding = file.tensor("token_embd.weight"); embedding && embedding->shape.size() == 2)
        shape.vocabulary = static_cast<int>(embedding->shape[1]);
    if (!usable(shape)) return {{}, "sizes that do not fit together"};
    return {std::move(shape), {}};
}

}  // namespace scale::quantize
