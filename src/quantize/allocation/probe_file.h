// A 16- or 32-bit copy of the original in which single tensors can be replaced by what a rounding makes of them.
//
// So the whole-model effect of any rounding can be measured by the engine without writing quantised files. The numbers
// are stored as the tensor's own type, F16 or F32: at most 2⁻¹¹ of a weight is added, far below what 8 bits cost.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "model/gguf.h"

namespace scale::quantize {

// The original itself where its matrices are F16 or F32; else it is written to `path` as F16, by the engine.
std::filesystem::path plain_original(const std::filesystem::path& original, const std::filesystem::path& path,
                                     int threads);

class ProbeFile {
  public:
    // Copies `plain` (of plain_original) to `path`.
    ProbeFile(const std::filesystem::path& plain, const std::filesystem::path& path);
    ~ProbeFile();  // removes the file
    ProbeFile(const ProbeFile&) = delete;
    ProbeFile& operator=(const ProbeFile&) = delete;

    const std::filesystem::path& path() const { return path_; }

    void write(const std::string& tensor, std::span<const float> values);
    // The tensor as another probe file of the same original has it.
    void copy(const std::string& tensor, const ProbeFile& from);
    // The tensor as the original has it.
    void restore(const std::string& tensor);

  private:
    void overwrite(const std::string& tensor, std::span<const std::byte> bytes);

    std::filesystem::path path_;
    core::FileDescriptor descriptor_;
    std::unique_ptr<model::GgufFile> plain_;
    std::unique_ptr<model::GgufFile> file_;  // a map that sees what is written
};

}  // namespace scale::quantize
