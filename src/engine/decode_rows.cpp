#include <limits>

#include <ggml.h>

#include "core/error.h"
#include "engine/stock_quantize.h"

namespace scale::engine {

std::vector<float> decode_rows(std::uint32_t type_id, const std::byte* data, std::uint64_t row_length,
                               std::uint64_t rows) {
    if (type_id >= GGML_TYPE_COUNT)
        throw core::input_error("the engine knows no tensor type " + std::to_string(type_id));
    const auto type = static_cast<ggml_type>(type_id);
    const auto block = static_cast<std::uint64_t>(ggml_blck_size(type));
    if (block == 0 || row_length % block != 0)
        throw core::input_error("a row of " + std::to_string(row_length) + " weights is no multiple of the block of " +
                                ggml_type_name(type));
    if (rows != 0 && row_length > std::numeric_limits<std::int64_t>::max() / sizeof(float) / rows)
        throw core::input_error("the rows to decode are too many");
    const ggml_to_float_t decode = ggml_get_type_traits(type)->to_float;
    if (type != GGML_TYPE_F32 && !decode)
        throw core::input_error(std::string("the engine cannot decode tensors of type ") + ggml_type_name(type));
    const std::size_t row_bytes = ggml_row_size(type, static_cast<std::int64_t>(row_length));
    std::vector<float> values(row_length * rows);
    if (type == GGML_TYPE_F32) {
        const auto* source = reinterpret_cast<const float*>(data);
        std::copy(source, source + values.size(), values.begin());
        return values;
    }
    for (std::uint64_t row = 0; row < rows; ++row)
        decode(data + row * row_bytes, values.data() + row * row_length, static_cast<std::int64_t>(row_length));
    return values;
}

}  // namespace scale::engine
