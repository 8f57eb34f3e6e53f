// Integers and scales to the bytes of a checkpoint.
#include <array>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "model/half.h"
#include "quantize/packed/checkpoint_format.h"

namespace scale::quantize {

namespace {

using Layout = CheckpointFormat::Layout;
using model::Element;

constexpr std::array<std::size_t, 8> awq_order{0, 2, 4, 6, 1, 3, 5, 7};

struct Shape {
    std::size_t rows, columns, groups, per_word;
    unsigned bits;
};

Shape shape_of(const CheckpointFormat& format, const UniformMatrix& matrix) {
    return {static_cast<std::size_t>(matrix.rows), static_cast<std::size_t>(matrix.columns),
            static_cast<std::size_t>(matrix.groups()), static_cast<std::size_t>(32 / format.bits),
            static_cast<unsigned>(format.bits)};
}

template <typename T>
std::vector<std::byte> bytes_of(const std::vector<T>& values) {
    std::vector<std::byte> bytes(values.size() * sizeof(T));
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
}

void put_scale(Element type, float scale, std::byte* to) {
    if (type == Element::f32) {
        std::memcpy(to, &scale, sizeof scale);
        return;
    }
    // A scale of a bfloat16 model was rounded to it before: its lower half is zero.
    const std::uint16_t half = type == Element::bf16
                                   ? static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(scale) >> 16)
                                   : model::to_half(scale);
    std::memcpy(to, &half, sizeof half);
}

// Scales in the order in which `at(i)` names row and group.
template <typename At>
std::vector<std::byte> pack_scales(const UniformMatrix& matrix, Element type, const At& at) {
    const std::size_t width = model::element_type(type).bytes, count = matrix.scales.size();
    std::vector<std::byte> bytes(count * width);
    for (std::size_t i = 0; i < count; ++i) {
        const auto [row, group] = at(i);
        put_scale(type, matrix.scales[row * static_cast<std::size_t>(matrix.groups()) + group].scale,
                  bytes.data() + i * width);
    }
    return bytes;
}

struct RowAndGroup {
    std::size_t row, group;
};

std::vector<std::byte> scales_by_group(const UniformMatrix& matrix, Element type) {
    const auto rows = static_cast<std::size_t>(matrix.rows);
    return pack_scales(matrix, type, [&](std::size_t i) { return RowAndGroup{i % rows, i / rows}; });
}

std::vector<std::byte> scales_by_row(const UniformMatrix& matrix, Element type) {
    const auto groups = static_cast<std::size_t>(matrix.groups());
    return pack_scales(matrix, type, [&](std::size_t i) { return RowAndGroup{i / groups, i % groups}; });
}

std::vector<std::vector<std::byte>> pack_gptq(const UniformMatrix& matrix, const Shape& s) {
    std::vector<std::uint32_t> weights(s.columns / s.per_word * s.rows), zeros(s.groups * s.rows / s.per_word);
    for (std::size_t n = 0; n < s.rows; ++n)
        for (std::size_t k = 0; k < s.columns; ++k)
            weights[k / s.per_word * s.rows + n] |= std::uint32_t{matrix.codes[n * s.columns + k]}
                                                    << (k % s.per_word * s.bits);
    for (std::size_t n = 0; n < s.rows; ++n)
        for (std::size_t g = 0; g < s.groups; ++g)
            zeros[(g * s.rows + n) / s.per_word] |= static_cast<std::uint32_t>(matrix.scales[n * s.groups + g].zero - 1)
                                                    << (n % s.per_word * s.bits);
    std::vector<std::int32_t> group_of(s.columns);
    for (std::size_t k = 0; k < s.columns; ++k)
        group_of[k] = static_cast<std::int32_t>(k / static_cast<std::size_t>(matrix.width));
    return {bytes_of(weights), bytes_of(zeros), scales_by_group(matrix, Element::f16), bytes_of(group_of)};
}

std::vector<std::vector<std::byte>> pack_awq(const UniformMatrix& matrix, const Shape& s) {
    const std::size_t words = s.rows / s.per_word;
    std::vector<std::uint32_t> weights(s.columns * words), zeros(s.groups * words);
    for (std::size_t c = 0; c < words; ++c)
        for (std::size_t i = 0; i < s.per_word; ++i) {
            const std::size_t n = c * s.per_word + awq_order[i];
            for (std::size_t k = 0; k < s.columns; ++k)
                weights[k * words + c] |= std::uint32_t{matrix.codes[n * s.columns + k]} << (i * s.bits);
            for (std::size_t g = 0; g < s.groups; ++g)
                zeros[g * words + c] |= static_cast<std::uint32_t>(matrix.scales[n * s.groups + g].zero)
                                        << (i * s.bits);
        }
    return {bytes_of(weights), bytes_of(zeros), scales_by_group(matrix, Element::f16)};
}

std::vector<std::vector<std::byte>> pack_quantized(const UniformMatrix& matrix, const Shape& s, Element type,
                                                   bool symmetric) {
    std::vector<std::uint32_t> weights(s.rows * s.columns / s.per_word);
    for (std::size_t i = 0; i < matrix.codes.size(); ++i)
        weights[i / s.per_word] |= std::uint32_t{matrix.codes[i]} << (i % s.per_word * s.bits);
    const std::vector<std::int64_t> shape{matrix.rows, matrix.columns};
    std::vector<std::vector<std::byte>> parts{bytes_of(weights), scales_by_row(matrix, type), bytes_of(shape)};
    if (symmetric) return parts;
    std::vector<std::uint32_t> zeros(s.rows / s.per_word * s.groups);
    for (std::size_t n = 0; n < s.rows; ++n)
        for (std::size_t g = 0; g < s.groups; ++g)
            zeros[n / s.per_word * s.groups + g] |= static_cast<std::uint32_t>(matrix.scales[n * s.groups + g].zero)
                                                    << (n % s.per_word * s.bits);
    parts.push_back(bytes_of(zeros));
    return parts;
}

std::vector<std::vector<std::byte>> int_quantized(const UniformMatrix& matrix, Element type) {
    std::vector<std::byte> weights(matrix.codes.size());
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<std::byte>(matrix.codes[i] ^ 0x80u);
    return {std::move(weights), scales_by_row(matrix, type)};
}

void require_packable(const CheckpointFormat& format, const UniformMatrix& matrix) {
    const std::string fault = shape_fault(format, static_cast<std::uint64_t>(matrix.rows),
                                          static_cast<std::uint64_t>(matrix.columns), matrix.width);
    if (!fault.empty()) throw core::input_error(fmt::format("a layer cannot be stored as {}: {}", format.name, fault));
    const int codes = 1 << format.bits;
    for (const std::uint8_t code : matrix.codes)
        if (code >= codes) throw core::input_error(fmt::format("a code of {} in {} bits", code, format.bits));
    for (const GroupScale& scale : matrix.scales)
        if (scale.zero < 0 || scale.zero >= codes || (format.symmetric && scale.zero != codes / 2))
            throw core::input_error(fmt::format("a zero point of {} in {}", scale.zero, format.name));
}

}  // namespace

std::vector<PackedTensor> pack(const CheckpointFormat& format, const UniformMatrix& matrix, Element model_type) {
    require_packable(format, matrix);
    const Shape shape = shape_of(format, matrix);
    std::vector<std::vector<std::byte>> parts;
    switch (format.layout) {
        case Layout::gptq:
            parts = pack_gptq(matrix, shape);
            break;
        case Layout::awq:
            parts = pack_awq(matrix, shape);
            break;
        case Layout::pack_quantized:
            parts = pack_quantized(matrix, shape, model_type, format.symmetric);
            break;
        case Layout::int_quantized:
            parts = int_quantized(matrix, model_type);
            break;
    }
    std::vector<PackedTensor> tensors = packed_layout(format, matrix.rows, matrix.columns, matrix.width, model_type);
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].bytes = std::move(parts[i]);
    return tensors;
}

}  // namespace scale::quantize
