// Reading safetensors: one file, and a folder of one or several (shards).
//
// A file is 8 bytes with the header's length N (little-endian), N bytes of JSON {"name": {"dtype", "shape",
// "data_offsets": [begin, end]}, …, "__metadata__": {text: text}}, and the data, in which every byte belongs to exactly
// one tensor. Source: the format's README in huggingface/safetensors.
//
// Everything is validated before anything is allocated for it or handed out: the header's length against the file and
// the format's limit of 100 MB, the JSON's shape as it is read (no tree is built), names, types, shape × type = bytes
// without overflow, and that the tensors fill the data without gap or overlap.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/file.h"
#include "model/safetensors/element_type.h"

namespace scale::model {

struct SafetensorInfo {
    std::string name;
    const ElementType* type = nullptr;
    std::vector<std::uint64_t> shape;  // outermost first: {rows, row length} of a matrix; empty for one number
    std::uint64_t elements = 0;        // 0 where a dimension is 0
    std::uint64_t offset = 0;          // from the start of its file
    std::uint64_t bytes = 0;
    std::size_t shard = 0;  // index into SafetensorsFolder::shards(); 0 in a single file

    std::uint64_t row_length() const { return shape.empty() ? 1 : shape.back(); }
    std::uint64_t rows() const { return row_length() == 0 ? 0 : elements / row_length(); }
};

// Decodes F32, F16 or BF16 bytes. Throws an input error naming the tensor for another type.
void to_floats(const SafetensorInfo& tensor, std::span<const std::byte> bytes, std::span<float> values);

class SafetensorsFile {
  public:
    // Throws an input error that names the file and what is wrong.
    explicit SafetensorsFile(const std::filesystem::path& path);

    // The same for bytes in memory, which must outlive this object; `name` stands for the file in errors.
    SafetensorsFile(std::span<const std::byte> bytes, const std::string& name);

    const std::filesystem::path& path() const { return path_; }
    std::uint64_t file_bytes() const { return bytes_.size(); }
    const std::vector<SafetensorInfo>& tensors() const { return tensors_; }  // as they lie in the data
    const std::map<std::string, std::string>& metadata() const { return metadata_; }
    const SafetensorInfo* tensor(std::string_view name) const;
    std::span<const std::byte> data(const SafetensorInfo& tensor) const;  // into the map; lives as long as this object

  private:
    void parse();

    std::filesystem::path path_;
    std::shared_ptr<core::MappedFile> map_;  // none for bytes in memory
    std::span<const std::byte> bytes_;
    std::vector<SafetensorInfo> tensors_;
    std::map<std::string, std::string> metadata_;
    std::map<std::string, std::size_t, std::less<>> index_;  // of tensors_, by name
};

// The weights of a Hugging Face folder: model.safetensors, or the shards that model.safetensors.index.json names.
class SafetensorsFolder {
  public:
    // Throws an input error where there are no safetensors (naming what is there instead, such as pytorch_model.bin), a
    // shard is missing, an index names a file outside the folder, or index and shards differ in a tensor. The index's
    // total_size is not compared, as published models have it wrong.
    explicit SafetensorsFolder(const std::filesystem::path& folder);

    const std::filesystem::path& path() const { return path_; }
    const std::vector<SafetensorsFile>& shards() const { return shards_; }
    std::uint64_t tensor_bytes() const;  // of all tensors

    // All tensors by name, over all shards.
    const std::map<std::string, SafetensorInfo, std::less<>>& tensors() const { return tensors_; }
    const SafetensorInfo* tensor(std::string_view name) const;  // nullptr where there is none
    // The same; throws an input error naming folder and tensor.
    const SafetensorInfo& require(std::string_view name) const;

    std::span<const std::byte> data(const SafetensorInfo& tensor) const;
    std::span<const std::byte> rows(const SafetensorInfo& tensor, std::uint64_t first, std::uint64_t count) const;

    // Rows `first` to `first + count` as floats (F32, F16 and BF16); `values` has count × row_length() elements.
    void read_rows(const SafetensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                   std::span<float> values) const;
    std::vector<float> read_floats(const SafetensorInfo& tensor) const;  // the whole tensor

    // The whole tensor as stored integers (data in a file need not be aligned, hence a copy). Throws an input error
    // where the stored type is not `T`.
    template <typename T>
    std::vector<T> read_integers(const SafetensorInfo& tensor) const;

  private:
    void require_type(const SafetensorInfo& tensor, Element wanted) const;

    std::filesystem::path path_;
    std::vector<SafetensorsFile> shards_;
    std::map<std::string, SafetensorInfo, std::less<>> tensors_;
};

template <typename T>
std::vector<T> SafetensorsFolder::read_integers(const SafetensorInfo& tensor) const {
    static_assert(std::is_same_v<T, std::int8_t> || std::is_same_v<T, std::uint8_t> ||
                  std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t>);
    if constexpr (std::is_same_v<T, std::int8_t>) require_type(tensor, Element::i8);
    if constexpr (std::is_same_v<T, std::uint8_t>) require_type(tensor, Element::u8);
    if constexpr (std::is_same_v<T, std::int32_t>) require_type(tensor, Element::i32);
    if constexpr (std::is_same_v<T, std::int64_t>) require_type(tensor, Element::i64);
    const auto bytes = data(tensor);
    std::vector<T> values(tensor.elements);
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
}

}  // namespace scale::model
