// Writing GGUF files (version 3, little-endian, alignment 32), streamed: memory stays at what the caller hands over.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"
#include "model/tensor_type.h"

namespace scale::model {

// What stands in front of the data. Keys and tensor names are written in the order in which they are added.
class GgufHeader {
  public:
    void text(std::string_view key, std::string_view value);
    void number(std::string_view key, std::uint64_t value);  // as 32 bits; an input error where it does not fit
    void real(std::string_view key, double value);           // as a 32-bit float
    void flag(std::string_view key, bool value);
    void texts(std::string_view key, std::span<const std::string> values);
    void reals(std::string_view key, std::span<const float> values);
    void integers(std::string_view key, std::span<const std::int32_t> values);

    // `shape` as in the file: shape[0] is the row length. An input error for a name that the engine cannot hold, a row
    // that is no multiple of the type's block, and a shape that overflows.
    void tensor(std::string_view name, const TensorType& type, std::span<const std::uint64_t> shape);

    std::string bytes() const;  // padded to the alignment
    std::uint64_t data_bytes() const { return data_bytes_; }
    std::span<const std::uint64_t> tensor_bytes() const { return tensor_bytes_; }  // in order, without padding

  private:
    void pair(std::string_view key, std::uint32_t type);

    std::string pairs_;
    std::string infos_;
    std::uint64_t pair_count_ = 0;
    std::uint64_t data_bytes_ = 0;
    std::vector<std::uint64_t> tensor_bytes_;
};

class GgufWriter {
  public:
    // The file appears whole, by a rename, in publish(); until then it lies beside `path` under a hidden name, which
    // the destructor removes. An io error where the disk has too little space.
    GgufWriter(std::filesystem::path path, const GgufHeader& header);
    ~GgufWriter();
    GgufWriter(const GgufWriter&) = delete;
    GgufWriter& operator=(const GgufWriter&) = delete;

    // The next bytes of the tensors' data, in the header's order. std::logic_error for more than a tensor has left.
    void append(std::span<const std::byte> bytes);

    // Syncs and renames. std::logic_error where bytes are missing.
    void publish();

  private:
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    core::FileDescriptor file_;
    std::vector<std::uint64_t> tensor_bytes_;
    std::size_t at_ = 0;         // tensor being written
    std::uint64_t written_ = 0;  // of it
};

}  // namespace scale::model
