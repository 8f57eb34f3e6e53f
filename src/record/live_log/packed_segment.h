// A closed segment of the live log, compressed: "segment-….log.zst" in Zstandard's seekable format (zstd,
// contrib/seekable_format), which `zstd -d` unpacks as it does any other file.
//
//   frames        each a compressed block of whole lines, about block_bytes of them
//   skippable frame 0x184D2A5E with the seek table, little-endian 32-bit numbers:
//     for each frame  compressed size, unpacked size
//     footer          number of frames, one descriptor byte (0: no checksums), 0x8F92EAB1
//
// Lines carry their own checksums, so the frames need none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.h"

namespace scale::record {

class PackedSegment {
  public:
    // Throws an input error where the file is not of that format.
    explicit PackedSegment(const std::filesystem::path& path);

    std::uint64_t size() const { return size_; }  // unpacked
    // Of the unpacked text; any thread. Throws an input error for damage and for a piece beyond the end.
    std::string read(std::uint64_t offset, std::uint64_t length) const;
    // The unpacked text in order, block by block.
    void for_each_block(const std::function<void(std::string_view)>& visit) const;

  private:
    struct Block {
        std::uint64_t packed_offset = 0;
        std::uint64_t offset = 0;  // of the unpacked text
        std::uint32_t packed_size = 0;
        std::uint32_t size = 0;
    };
    void read_table();
    void unpack(const Block& block, std::string& into) const;
    [[noreturn]] void damaged(const char* what) const;

    std::string name_;
    core::MappedFile file_;
    std::vector<Block> blocks_;
    std::uint64_t size_ = 0;

    mutable std::mutex mutex_;
    mutable std::size_t kept_ = SIZE_MAX;  // index of the block unpacked last
    mutable std::string kept_text_;
};

std::filesystem::path packed_path(const std::filesystem::path& segment);

// Replaces the closed segment by its packed form, durably: at every moment one of the two is there whole. Leaves a
// damaged segment's damage as it is. Throws an io error where the disk refuses; the segment then stays.
void pack_segment(const std::filesystem::path& segment);

}  // namespace scale::record
