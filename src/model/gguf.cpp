#include "model/gguf.h"

#include <bit>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "core/error.h"
#include "model/byte_reader.h"
#include "model/gguf_metadata.h"
#include "model/gguf_tensors.h"

namespace scale::model {

namespace {

constexpr std::uint64_t default_alignment = 32;
constexpr std::uint64_t smallest_alignment = 8;

void check_magic(ByteReader& reader) {
    if (reader.remaining() == 0) reader.fail("the file is empty", "a GGUF file");
    const auto magic = reader.take_bytes(4, "the magic number");
    if (std::memcmp(magic.data(), "GGUF", 4) == 0) return;
    const std::string_view found{reinterpret_cast<const char*>(magic.data()), magic.size()};
    throw core::input_error(fmt::format("{}: starts with {}, so it is not a GGUF file", reader.source(), shown(found)),
                            "the magic number 'GGUF'",
                            "name a GGUF file; safetensors are turned into one by llama.cpp's convert_hf_to_gguf.py");
}

void check_version(ByteReader& reader) {
    const auto version = reader.take<std::uint32_t>("the version");
    if (version == 2 || version == 3) return;
    if ((version & 0xffff) == 0 && version != 0)
        throw core::input_error(fmt::format("{}: its version reads {}: a big-endian file", reader.source(), version),
                                "a little-endian GGUF file", "convert the model again, without --bigendian");
    throw core::input_error(fmt::format("{}: is GGUF version {}", reader.source(), version), "version 2 or 3",
                            "convert the model again with a current llama.cpp");
}

std::uint64_t checked_alignment(const GgufFile& file, const ByteReader& reader) {
    const std::uint64_t alignment = file.number("general.alignment", default_alignment);
    if (alignment < smallest_alignment || !std::has_single_bit(alignment))
        reader.fail(fmt::format("general.alignment is {}", alignment), "a power of two, at least 8");
    return alignment;
}

void refuse_split(const GgufFile& file, const std::string& source) {
    const std::uint64_t parts = file.number("split.count", 1);
    if (parts > 1)
        throw core::input_error(fmt::format("{}: is one of {} parts of a split model", source, parts), "one whole file",
                                "join the parts with 'llama-gguf-split --merge' and name the result");
}

}  // namespace

GgufFile::GgufFile(const std::filesystem::path& path)
    : path_(path), map_(std::make_shared<core::MappedFile>(path)), bytes_(map_->bytes()) {
    parse();
}

GgufFile::GgufFile(std::span<const std::byte> bytes, const std::string& name) : path_(name), bytes_(bytes) {
    parse();
}

void GgufFile::parse() {
    ByteReader reader(bytes_, path_.string());
    check_magic(reader);
    check_version(reader);
    const auto tensor_count = reader.take<std::uint64_t>("the number of tensors");
    const auto pair_count = reader.take<std::uint64_t>("the number of metadata pairs");
    metadata_ = read_metadata(reader, pair_count);
    refuse_split(*this, reader.source());
    const std::uint64_t alignment = checked_alignment(*this, reader);
    tensors_ = read_tensors(reader, tensor_count);
    place_tensors(reader, alignment, tensors_);
    for (std::size_t i = 0; i < tensors_.size(); ++i) index_.emplace(tensors_[i].name, i);
}

const TensorInfo* GgufFile::tensor(std::string_view name) const {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &tensors_[found->second];
}

std::span<const std::byte> GgufFile::data(const TensorInfo& tensor) const {
    return bytes_.subspan(tensor.offset, tensor.bytes);
}

std::string GgufFile::text(std::string_view key, std::string fallback) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return fallback;
    const auto* value = std::get_if<std::string>(&found->second);
    return value ? *value : fallback;
}

std::uint64_t GgufFile::number(std::string_view key, std::uint64_t fallback) const {
    const auto found = metadata_.find(key);
    if (found == metadata_.end()) return fallback;
    if (const auto* value = std::get_if<std::uint64_t>(&found->second)) return *value;
    if (const auto* value = std::get_if<std::int64_t>(&found->second))
        return *value >= 0 ? static_cast<std::uint64_t>(*value) : fallback;
    return fallback;
}

std::uint64_t GgufFile::parameters() const {
    std::uint64_t sum = 0;
    for (const auto& tensor : tensors_) sum += tensor.elements;
    return sum;
}

}  // namespace scale::model
