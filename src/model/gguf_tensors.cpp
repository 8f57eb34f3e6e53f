#include "model/gguf_tensors.h"

#include <limits>
#include <set>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

// A name of one byte, the number of dimensions, one dimension, type and offset.
constexpr std::uint64_t smallest_info = 8 + 1 + 4 + 8 + 4 + 8;
constexpr std::uint64_t longest_name = 63;  // GGML_MAX_NAME with its final zero is 64
constexpr std::uint32_t most_dimensions = 4;
// The engine counts in signed 64-bit integers.
constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

std::uint64_t rounded_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

void take_shape(ByteReader& reader, TensorInfo& tensor, const std::string& what) {
    const auto dimensions = reader.take<std::uint32_t>(what);
    if (dimensions < 1 || dimensions > most_dimensions)
        reader.fail(fmt::format("{} has {} dimensions", what, dimensions), "1 to 4 dimensions");
    tensor.elements = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        const auto length = reader.take<std::uint64_t>(what);
        if (length == 0) reader.fail(fmt::format("dimension {} of {} is 0", i, what), "at least 1");
        if (length > largest / tensor.elements)
            reader.fail(fmt::format("{} has more than 2^63 elements", what), "a shape that fits in the file");
        tensor.elements *= length;
        tensor.shape.push_back(length);
    }
}

void take_type(ByteReader& reader, TensorInfo& tensor, const std::string& what) {
    const auto id = reader.take<std::uint32_t>(what);
    tensor.type = tensor_type(id);
    if (!tensor.type)
        reader.fail(fmt::format("{} has the unknown type {}", what, id), "a type that the pinned engine knows");
    if (tensor.shape[0] % tensor.type->block != 0)
        reader.fail(fmt::format("{} has rows of {} weights", what, tensor.shape[0]),
                    fmt::format("a multiple of {}, the block of {}", tensor.type->block, tensor.type->name));
    const std::uint64_t blocks = tensor.elements / tensor.type->block;
    if (blocks > largest / tensor.type->bytes)
        reader.fail(fmt::format("{} has more than 2^63 bytes", what), "a shape that fits in the file");
    tensor.bytes = blocks * tensor.type->bytes;
}

TensorInfo take_tensor(ByteReader& reader, std::uint64_t index) {
    TensorInfo tensor;
    const std::string_view name = reader.take_text(fmt::format("the name of tensor {}", index));
    if (!is_usable_name(name))
        reader.fail(fmt::format("tensor {} has the name {}", index, shown(name)), "a printable UTF-8 name");
    if (name.size() > longest_name)
        reader.fail(fmt::format("tensor {} has a name of {} bytes", index, name.size()),
                    fmt::format("at most {} bytes", longest_name));
    tensor.name = name;
    const std::string what = "tensor " + shown(name);
    take_shape(reader, tensor, what);
    take_type(reader, tensor, what);
    tensor.offset = reader.take<std::uint64_t>(what);
    return tensor;
}

}  // namespace

std::vector<TensorInfo> read_tensors(ByteReader& reader, std::uint64_t count) {
    if (count > reader.remaining() / smallest_info)
        reader.fail(
            fmt::format("the header claims {} tensors", count),
            fmt::format("at most {}, which is what the remaining bytes can hold", reader.remaining() / smallest_info));
    std::vector<TensorInfo> tensors;
    std::set<std::string, std::less<>> names;
    for (std::uint64_t i = 0; i < count; ++i) {
        tensors.push_back(take_tensor(reader, i));
        if (!names.insert(tensors.back().name).second)
            reader.fail("tensor " + shown(tensors.back().name) + " occurs twice", "every tensor once");
    }
    return tensors;
}

void place_tensors(const ByteReader& reader, std::uint64_t alignment, std::vector<TensorInfo>& tensors) {
    const std::uint64_t file_bytes = reader.offset() + reader.remaining();
    const std::uint64_t start = rounded_up(reader.offset(), alignment);
    std::uint64_t expected = 0;
    for (auto& tensor : tensors) {
        const std::string what = "tensor " + shown(tensor.name);
        if (tensor.offset % alignment != 0)
            reader.fail(fmt::format("{} starts at {} of the data section", what, tensor.offset),
                        fmt::format("a multiple of the alignment {}", alignment));
        if (tensor.offset < expected)
            reader.fail(fmt::format("{} starts at {} and overlaps the tensor before it", what, tensor.offset),
                        fmt::format("a start at {}", expected));
        if (tensor.offset > expected)
            reader.fail(fmt::format("{} starts at {} and leaves a gap", what, tensor.offset),
                        fmt::format("a start at {}, right behind the tensor before it", expected));
        // start + expected cannot overflow: expected was compared with the file's size in the round before.
        if (start + expected > file_bytes || tensor.bytes > file_bytes - start - expected)
            throw core::input_error(
                fmt::format("{}: {} needs {} bytes from byte {} on, past the end of the file at {}", reader.source(),
                            what, tensor.bytes, start + expected, file_bytes),
                "every tensor inside the file",
                "the file is cut short or damaged; copy or download it again and compare its size with the source's");
        tensor.offset = start + expected;
        expected = rounded_up(expected + tensor.bytes, alignment);
    }
}

}  // namespace scale::model
