// What an interrupted refinement has done: one line a tensor in PATH, their packed bytes one after the other in
// PATH.bin.
//
// The bytes are durable before the line that names them, so a line always has its bytes; a torn last line, and bytes
// that no line names, are cut off. The first line holds the fingerprint of everything that the bytes depend on; under
// another fingerprint both files start anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "quantize/refine/tensor_refiner.h"

namespace scale::quantize {

struct RefineLine {
    std::string tensor;
    std::string type;
    bool refined = false;
    double stock_loss = 0;  // as in RefinedTensor
    double refined_loss = 0;
    Regularisation chosen = {};
    std::string why = {};      // tensor_refiner.h's outcome
    std::uint64_t tokens = 0;  // that the moments were gathered from
    std::uint64_t columns = 0;
};

class RefineJournal {
  public:
    RefineJournal(std::filesystem::path path, const std::string& fingerprint);

    const RefineLine* find(const std::string& tensor) const;
    std::size_t size() const { return lines_.size(); }
    // The bytes of a refined tensor.
    std::string packed(const std::string& tensor) const;
    void add(const RefineLine& line, std::span<const std::byte> packed);

    static void remove(const std::filesystem::path& path);

  private:
    struct Kept {
        RefineLine line;
        std::uint64_t offset = 0;
        std::uint64_t bytes = 0;
    };
    void load(const std::string& fingerprint);

    std::filesystem::path path_;
    std::filesystem::path bytes_path_;
    std::vector<Kept> lines_;
    std::uint64_t end_ = 0;  // of the bytes that lines name
    core::FileDescriptor file_;
    core::FileDescriptor bytes_file_;
};

}  // namespace scale::quantize
