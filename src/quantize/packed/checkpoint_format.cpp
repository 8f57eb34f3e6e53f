#include "quantize/packed/checkpoint_format.h"

#include <algorithm>

#include <fmt/format.h>

namespace scale::quantize {

namespace {

using Layout = CheckpointFormat::Layout;
using model::Element;

ScaleType scale_type(const CheckpointFormat& format, Element model_type) {
    const bool stored_as_half = format.layout == Layout::gptq || format.layout == Layout::awq;
    if (model_type == Element::bf16) return stored_as_half ? ScaleType::half_for_both : ScaleType::bf16;
    if (model_type == Element::f32 && !stored_as_half) return ScaleType::f32;
    return ScaleType::f16;
}

}  // namespace

const std::vector<CheckpointFormat>& checkpoint_formats() {
    static const std::vector<CheckpointFormat> formats{
        {"gptq", Layout::gptq, 4, true},
        {"gptq-8bit", Layout::gptq, 8, true},
        {"awq", Layout::awq, 4, false},
        {"w4a16", Layout::pack_quantized, 4, true},
        {"w4a16-asym", Layout::pack_quantized, 4, false},
        {"w8a8", Layout::int_quantized, 8, true},
    };
    return formats;
}

const CheckpointFormat* find_checkpoint_format(std::string_view name) {
    const auto& all = checkpoint_formats();
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& format) { return format.name == name; });
    return found == all.end() ? nullptr : &*found;
}

UniformGrid grid_of(const CheckpointFormat& format, int group, Element model_type) {
    return {format.bits, format.symmetric, format.per_row() ? 0 : group, scale_type(format, model_type)};
}

std::vector<PackedTensor> packed_layout(const CheckpointFormat& format, int rows, int columns, int group,
                                        Element model_type) {
    const auto n = static_cast<std::uint64_t>(rows), k = static_cast<std::uint64_t>(columns);
    const std::uint64_t groups = format.per_row() ? 1 : k / static_cast<std::uint64_t>(group);
    const auto per_word = static_cast<std::uint64_t>(32 / format.bits);
    switch (format.layout) {
        case Layout::gptq:
            return {{"qweight", Element::i32, {k / per_word, n}, {}},
                    {"qzeros", Element::i32, {groups, n / per_word}, {}},
                    {"scales", Element::f16, {groups, n}, {}},
                    {"g_idx", Element::i32, {k}, {}}};
        case Layout::awq:
            return {{"qweight", Element::i32, {k, n / per_word}, {}},
                    {"qzeros", Element::i32, {groups, n / per_word}, {}},
                    {"scales", Element::f16, {groups, n}, {}}};
        case Layout::pack_quantized: {
            std::vector<PackedTensor> tensors{{"weight_packed", Element::i32, {n, k / per_word}, {}},
                                              {"weight_scale", model_type, {n, groups}, {}},
                                              {"weight_shape", Element::i64, {2}, {}}};
            if (!format.symmetric) tensors.push_back({"weight_zero_point", Element::i32, {n / per_word, groups}, {}});
            return tensors;
        }
        case Layout::int_quantized:
            break;
    }
    return {{"weight", Element::i8, {n, k}, {}}, {"weight_scale", model_type, {n, 1}, {}}};
}

std::string shape_fault(const CheckpointFormat& format, std::uint64_t rows, std::uint64_t columns, int group) {
    // Kernels of the readers take inputs and outputs by 32 (GPTQModel, vLLM's CPU and Marlin kernels).
    constexpr std::uint64_t step = 32;
    if (columns % step != 0) return fmt::format("its {} inputs are no multiple of {}", columns, step);
    if (rows % step != 0) return fmt::format("its {} outputs are no multiple of {}", rows, step);
    if (!format.per_row() && columns % static_cast<std::uint64_t>(group) != 0)
        return fmt::format("its {} inputs are no multiple of the group of {}", columns, group);
    return {};
}

}  // namespace scale::quantize
