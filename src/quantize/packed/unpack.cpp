// The bytes of a checkpoint back to integers and scales, from a reader's point of view: where does weight (n, k) lie?
#include <algorithm>
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

class Layer {
  public:
    Layer(const CheckpointFormat& format, const std::vector<PackedTensor>& tensors, int rows, int columns, int group)
        : tensors_(tensors), bits_(static_cast<unsigned>(format.bits)) {
        const PackedTensor* scales =
            find(format.layout == Layout::gptq || format.layout == Layout::awq ? "scales" : "weight_scale");
        scale_type_ = scales ? scales->type : Element::f16;
        for (const PackedTensor& wanted : packed_layout(format, rows, columns, group, scale_type_)) {
            const PackedTensor* tensor = find(wanted.suffix);
            if (!tensor) throw core::input_error("a quantised layer has no " + wanted.suffix);
            std::uint64_t elements = 1;
            for (const std::uint64_t side : wanted.shape) elements *= side;
            if (tensor->type != wanted.type || tensor->shape != wanted.shape ||
                tensor->bytes.size() != elements * model::element_type(wanted.type).bytes)
                throw core::input_error(fmt::format("{} of a quantised layer has another type or shape", wanted.suffix),
                                        fmt::format("those of a {} × {} matrix as {}", rows, columns, format.name));
        }
    }

    const std::byte* data(const char* suffix) const { return find(suffix)->bytes.data(); }

    // `bits` bits of a word, by the number of the word and of the field in it.
    int field(const std::byte* words, std::size_t word, std::size_t place) const {
        return static_cast<int>((number<std::uint32_t>(words, word) >> (place * bits_)) & ((1u << bits_) - 1u));
    }
    float scale(const std::byte* scales, std::size_t i) const {
        if (scale_type_ == Element::f32) return number<float>(scales, i);
        const auto half = number<std::uint16_t>(scales, i);
        return scale_type_ == Element::bf16 ? std::bit_cast<float>(std::uint32_t{half} << 16) : model::from_half(half);
    }
    template <typename T>
    static T number(const std::byte* from, std::size_t i) {
        T value;
        std::memcpy(&value, from + i * sizeof value, sizeof value);
        return value;
    }

  private:
    const PackedTensor* find(const std::string& suffix) const {
        const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                        [&](const PackedTensor& tensor) { return tensor.suffix == suffix; });
        return found == tensors_.end() ? nullptr : &*found;
    }

    const std::vector<PackedTensor>& tensors_;
    unsigned bits_;
    Element scale_type_ = Element::f16;
};

// code(n, k) and scale(n, g) of every weight and group.
template <typename CodeAt, typename ScaleAt>
UniformMatrix gather(int rows, int columns, int width, const CodeAt& code, const ScaleAt& scale) {
    UniformMatrix matrix{rows, columns, width, {}, {}};
    for (std::size_t n = 0; n < static_cast<std::size_t>(rows); ++n) {
        for (std::size_t k = 0; k < static_cast<std::size_t>(columns); ++k)
            matrix.codes.push_back(static_cast<std::uint8_t>(code(n, k)));
        for (std::size_t g = 0; g < static_cast<std::size_t>(matrix.groups()); ++g)
            matrix.scales.push_back(scale(n, g));
    }
    return matrix;
}

// Where column n % 8 lies among a word's nibbles: the way back from {0,2,4,6,1,3,5,7}.
std::size_t awq_place(std::size_t n) {
    const std::size_t in_word = n % 8;
    return in_word / 2 + 4 * (in_word % 2);
}

}  // namespace

UniformMatrix unpack(const CheckpointFormat& format, const std::vector<PackedTensor>& tensors, int rows, int columns,
                     int group) {
    const Layer layer(format, tensors, rows, columns, group);
    const auto N = static_cast<std::size_t>(rows), K = static_cast<std::size_t>(columns);
    const std::size_t pf = static_cast<std::size_t>(32 / format.bits);
    const int width = format.per_row() ? columns : group;
    const std::size_t G = K / static_cast<std::size_t>(width);
    const int middle = 1 << (format.bits - 1);
    switch (format.layout) {
        case Layout::gptq: {
            const std::byte *words = layer.data("qweight"), *zeros = layer.data("qzeros"),
                            *scales = layer.data("scales"), *group_of = layer.data("g_idx");
            for (std::size_t k = 0; k < K; ++k)
                if (const auto found = Layer::number<std::int32_t>(group_of, k);
                    found != static_cast<int>(k / static_cast<std::size_t>(width)))
                    throw core::input_error(fmt::format("input {} belongs to group {}", k, found),
                                            fmt::format("k / {}: natural order", width));
            return gather(
                rows, columns, width, [&](auto n, auto k) { return layer.field(words, k / pf * N + n, k % pf); },
                [&](auto n, auto g) {
                    return GroupScale{layer.scale(scales, g * N + n),
                                      layer.field(zeros, g * (N / pf) + n / pf, n % pf) + 1};
                });
        }
        case Layout::awq: {
            const std::byte *words = layer.data("qweight"), *zeros = layer.data("qzeros"),
                            *scales = layer.data("scales");
            return gather(
                rows, columns, width,
                [&](auto n, auto k) { return layer.field(words, k * (N / 8) + n / 8, awq_place(n)); },
                [&](auto n, auto g) {
                    return GroupScale{layer.scale(scales, g * N + n),
                                      layer.field(zeros, g * (N / 8) + n / 8, awq_place(n))};
                });
        }
        case Layout::pack_quantized: {
            const std::byte *words = layer.data("weight_packed"), *scales = layer.data("weight_scale"),
                            *shape = layer.data("weight_shape");
            const std::byte* zeros = format.symmetric ? nullptr : layer.data("weight_zero_point");
            if (Layer::number<std::int64_t>(shape, 0) != rows || Layer::number<std::int64_t>(shape, 1) != columns)
                throw core::input_error("weight_shape differs from the layer's shape");
            return gather(
                rows, columns, width, [&](auto n, auto k) { return layer.field(words, n * (K / pf) + k / pf, k % pf); },
                [&](auto n, auto g) {
                    const int zero = zeros ? layer.field(zeros, n / pf * G + g, n % pf) : middle;
                    return GroupScale{layer.scale(scales, n * G + g), zero};
                });
        }
        case Layout::int_quantized:
            break;
    }
    const std::byte *weights = layer.data("weight"), *scales = layer.data("weight_scale");
    return gather(
        rows, columns, width, [&](auto n, auto k) { return Layer::number<std::int8_t>(weights, n * K + k) + middle; },
        [&](auto n, auto) {
            return GroupScale{layer.scale(scales, n), middle};
        });
}

}  // namespace scale::quantize
