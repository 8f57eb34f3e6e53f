#include "quantize/packed/quantization_config.h"

#include <algorithm>

namespace scale::quantize {

namespace {

using core::Json;
using Layout = CheckpointFormat::Layout;

Json gptq_config(const CheckpointFormat& format, int group, std::string tool) {
    std::replace(tool.begin(), tool.end(), ' ', ':');
    return {{"quant_method", "gptq"},
            {"bits", format.bits},
            {"group_size", group},
            {"desc_act", false},  // group-aware order: g_idx is natural
            {"sym", true},
            {"lm_head", false},
            {"checkpoint_format", "gptq"},
            {"pack_dtype", "int32"},
            {"meta", {{"quantizer", {tool}}, {"static_groups", false}, {"true_sequential", true}}}};
}

Json awq_config(const CheckpointFormat& format, int group) {
    return {{"quant_method", "awq"}, {"bits", format.bits}, {"group_size", group},
            {"zero_point", true},    {"version", "gemm"},   {"modules_to_not_convert", nullptr}};
}

Json arguments(int bits, bool symmetric, const char* strategy, Json group, bool dynamic) {
    return {{"num_bits", bits},
            {"type", "int"},
            {"symmetric", symmetric},
            {"strategy", strategy},
            {"group_size", std::move(group)},
            {"dynamic", dynamic},
            {"actorder", nullptr},
            {"block_structure", nullptr},
            {"observer", dynamic ? Json(nullptr) : Json("minmax")},
            {"observer_kwargs", Json::object()}};
}

Json compressed_tensors_config(const CheckpointFormat& format, int group) {
    const bool int8 = format.layout == Layout::int_quantized;
    const Json weights = int8 ? arguments(8, true, "channel", nullptr, false)
                              : arguments(format.bits, format.symmetric, "group", group, false);
    const Json activations = int8 ? arguments(8, true, "token", nullptr, true) : Json(nullptr);
    const Json group_0 = {{"targets", {"Linear"}},
                          {"weights", weights},
                          {"input_activations", activations},
                          {"output_activations", nullptr}};
    return {{"quant_method", "compressed-tensors"},
            {"format", int8 ? "int-quantized" : "pack-quantized"},
            {"quantization_status", "compressed"},
            {"global_compression_ratio", nullptr},
            {"kv_cache_scheme", nullptr},
            {"ignore", {"lm_head"}},
            {"config_groups", {{"group_0", group_0}}}};
}

}  // namespace

Json quantization_config(const CheckpointFormat& format, int group, const std::string& tool) {
    switch (format.layout) {
        case Layout::gptq:
            return gptq_config(format, group, tool);
        case Layout::awq:
            return awq_config(format, group);
        default:
            return compressed_tensors_config(format, group);
    }
}

std::string_view own_config_file(const CheckpointFormat& format) {
    switch (format.layout) {
        case Layout::gptq:
            return "quantize_config.json";
        case Layout::awq:
            return "quant_config.json";
        default:
            return {};
    }
}

}  // namespace scale::quantize
