// Reading GGUF files (versions 2 and 3, little-endian; specification: ggml docs/gguf.md).
//
// The whole structure is validated before anything is allocated or handed out: magic, version, counts against the bytes
// that remain, string and array lengths, types, dimension products without overflow, alignment, and that every tensor
// lies inside the file without touching another. A file that passes can be given to the engine without an abort.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/file.h"
#include "model/tensor_type.h"

namespace scale::model {

struct TensorInfo {
    std::string name;
    const TensorType* type = nullptr;
    std::vector<std::uint64_t> shape;  // as in the file: shape[0] is the row length
    std::uint64_t elements = 0;
    std::uint64_t offset = 0;  // from the start of the file
    std::uint64_t bytes = 0;
};

// A metadata value. Arrays keep their element type and raw bytes span; only what we use is decoded.
struct GgufArray {
    std::uint32_t element_type = 0;  // GGUF value type number
    std::uint64_t count = 0;
    std::span<const std::byte> bytes;  // as stored
};
using GgufValue = std::variant<std::uint64_t, std::int64_t, double, bool, std::string, GgufArray>;

class GgufFile {
  public:
    // Throws an input error that names the file, the offset and what is wrong.
    explicit GgufFile(const std::filesystem::path& path);

    // The same for bytes in memory, which must outlive this object; `name` stands for the file in errors.
    GgufFile(std::span<const std::byte> bytes, const std::string& name);

    const std::filesystem::path& path() const { return path_; }
    std::uint64_t file_bytes() const { return bytes_.size(); }
    const std::vector<TensorInfo>& tensors() const { return tensors_; }
    const TensorInfo* tensor(std::string_view name) const;
    std::span<const std::byte> data(const TensorInfo& tensor) const;  // into the map; lives as long as this object

    const std::map<std::string, GgufValue, std::less<>>& metadata() const { return metadata_; }
    bool has(std::string_view key) const { return metadata_.find(key) != metadata_.end(); }
    std::string text(std::string_view key, std::string fallback = {}) const;       // a string value
    std::uint64_t number(std::string_view key, std::uint64_t fallback = 0) const;  // an integer value, 0 ≤ v

    std::uint64_t parameters() const;  // elements of all tensors

  private:
    void parse();

    std::filesystem::path path_;
    std::shared_ptr<core::MappedFile> map_;  // none for bytes in memory
    std::span<const std::byte> bytes_;
    std::map<std::string, GgufValue, std::less<>> metadata_;
    std::vector<TensorInfo> tensors_;
    std::map<std::string, std::size_t, std::less<>> index_;  // of tensors_, by name
};

}  // namespace scale::model
