#include "model/safetensors/safetensors.h"

#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "model/byte_reader.h"
#include "model/gguf_metadata.h"
#include "model/half.h"
#include "model/safetensors/header.h"

namespace scale::model {

namespace {

constexpr std::uint64_t longest_header = 100'000'000;  // the reference implementation's limit

template <typename Stored, typename Decode>
void decode_all(std::span<const std::byte> bytes, std::span<float> values, Decode decode) {
    for (std::size_t i = 0; i < values.size(); ++i) {
        Stored stored;
        std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
        values[i] = decode(stored);
    }
}

}  // namespace

void to_floats(const SafetensorInfo& tensor, std::span<const std::byte> bytes, std::span<float> values) {
    switch (tensor.type->element) {
        case Element::f32:
            return decode_all<float>(bytes, values, [](float value) { return value; });
        case Element::f16:
            return decode_all<std::uint16_t>(bytes, values, from_half);
        case Element::bf16:
            return decode_all<std::uint16_t>(bytes, values, from_bfloat);
        default:
            throw core::input_error(fmt::format("tensor {} has dtype {}", shown(tensor.name), tensor.type->name),
                                    "F32, F16 or BF16: weights in full precision",
                                    "name the original model; a quantised one cannot be quantised again");
    }
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), map_(std::make_shared<core::MappedFile>(path)), bytes_(map_->bytes()) {
    parse();
}

SafetensorsFile::SafetensorsFile(std::span<const std::byte> bytes, const std::string& name)
    : path_(name), bytes_(bytes) {
    parse();
}

void SafetensorsFile::parse() {
    ByteReader reader(bytes_, path_.string());
    const auto length = reader.take<std::uint64_t>("the length of the header");
    if (length > longest_header || length > reader.remaining())
        throw core::input_error(
            fmt::format("{}: its header claims {} bytes, and {} follow", path_.string(), length, reader.remaining()),
            fmt::format("at most the file's rest, and at most {}", longest_header),
            "this is no safetensors file, or it is cut short: copy or download it again");
    const auto raw = reader.take_bytes(length, "the header");
    const std::string_view json{reinterpret_cast<const char*>(raw.data()), raw.size()};
    if (json.empty() || json.front() != '{')
        throw core::input_error(path_.string() + ": its header does not start with '{'", "a safetensors file",
                                "name a safetensors file, or copy or download it again");
    SafetensorsHeader header = read_header(json, reader.offset(), reader.remaining(), path_.string());
    tensors_ = std::move(header.tensors);
    metadata_ = std::move(header.metadata);
    for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

const SafetensorInfo* SafetensorsFile::tensor(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &tensors_[found->second];
}

std::span<const std::byte> SafetensorsFile::data(const SafetensorInfo& tensor) const {
    return bytes_.subspan(tensor.offset, tensor.bytes);
}

}  // namespace scale::model
