#include "record/live_log/packed_segment.h"

#include <algorithm>
#include <cstring>
#include <zstd.h>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t block_bytes = 256 << 10;
constexpr std::uint32_t largest_block = 256u << 20;  // one line may be longer than a block
constexpr std::uint32_t skippable_magic = 0x184D2A5E;
constexpr std::uint32_t table_magic = 0x8F92EAB1;
constexpr std::size_t footer_bytes = 9;
constexpr std::size_t entry_bytes = 8;
constexpr int level = 3;

std::string_view view_of(const core::MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

std::uint32_t number_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t number = 0;
    for (std::size_t i = 4; i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[offset + i]);
    return number;
}

void append_number(std::string& bytes, std::uint32_t number) {
    for (int i = 0; i < 4; ++i, number >>= 8) bytes += static_cast<char>(number & 0xff);
}

// A block ends with a line; a line that is longer than a block is one.
std::string_view next_block(std::string_view rest) {
    if (rest.size() <= block_bytes) return rest;
    auto end = rest.rfind('\n', block_bytes - 1);
    if (end == std::string_view::npos) end = rest.find('\n', block_bytes);
    return end == std::string_view::npos ? rest : rest.substr(0, end + 1);
}

std::string packed(std::string_view text) {
    std::string bytes;
    std::string table;
    std::uint32_t count = 0;
    std::string frame;
    for (; !text.empty(); ++count) {
        const std::string_view block = next_block(text);
        if (block.size() > largest_block) throw core::io_error("a line of the log is too long to be packed");
        frame.resize(ZSTD_compressBound(block.size()));
        const std::size_t size = ZSTD_compress(frame.data(), frame.size(), block.data(), block.size(), level);
        if (ZSTD_isError(size) != 0) throw core::io_error(fmt::format("cannot pack: {}", ZSTD_getErrorName(size)));
        bytes.append(frame, 0, size);
        append_number(table, static_cast<std::uint32_t>(size));
        append_number(table, static_cast<std::uint32_t>(block.size()));
        text.remove_prefix(block.size());
    }
    append_number(bytes, skippable_magic);
    append_number(bytes, static_cast<std::uint32_t>(table.size() + footer_bytes));
    bytes += table;
    append_number(bytes, count);
    bytes += '\0';
    append_number(bytes, table_magic);
    return bytes;
}

}  // namespace

PackedSegment::PackedSegment(const fs::path& path) : name_(path.string()), file_(path) {
    read_table();
}

void PackedSegment::damaged(const char* what) const {
    throw core::input_error(fmt::format("{}: {}", name_, what), "a packed segment as it was written",
                            "restore the file from a copy, or move the folder away to start a new log");
}

void PackedSegment::read_table() {
    const std::string_view bytes = view_of(file_);
    if (bytes.size() < 8 + footer_bytes || number_at(bytes, bytes.size() - 4) != table_magic)
        damaged("the seek table is missing");
    const std::uint64_t count = number_at(bytes, bytes.size() - footer_bytes);
    const std::uint64_t table = count * entry_bytes + footer_bytes;
    if (table + 8 > bytes.size()) damaged("the seek table is longer than the file");
    const std::size_t start = bytes.size() - static_cast<std::size_t>(table) - 8;
    if (number_at(bytes, start) != skippable_magic || number_at(bytes, start + 4) != table ||
        bytes[bytes.size() - 5] != 0)
        damaged("the seek table is damaged");
    std::uint64_t packed_offset = 0;
    for (std::size_t entry = start + 8; blocks_.size() < count; entry += entry_bytes) {
        const Block block{packed_offset, size_, number_at(bytes, entry), number_at(bytes, entry + 4)};
        if (block.size == 0 || block.size > largest_block) damaged("a block of an impossible size");
        packed_offset += block.packed_size;
        size_ += block.size;
        blocks_.push_back(block);
    }
    if (packed_offset != start) damaged("the seek table does not fit the file");
}

void PackedSegment::unpack(const Block& block, std::string& into) const {
    const std::string_view frame =
        view_of(file_).substr(static_cast<std::size_t>(block.packed_offset), block.packed_size);
    if (ZSTD_getFrameContentSize(frame.data(), frame.size()) != block.size) damaged("a block is damaged");
    into.resize(block.size);
    if (ZSTD_decompress(into.data(), into.size(), frame.data(), frame.size()) != block.size)
        damaged("a block is damaged");
}

std::string PackedSegment::read(std::uint64_t offset, std::uint64_t length) const {
    if (offset > size_ || length > size_ - offset) damaged("it has become shorter");
    std::string text;
    const std::lock_guard lock(mutex_);
    while (length > 0) {
        const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), offset,
                                            [](std::uint64_t at, const Block& block) { return at < block.offset; });
        const auto index = static_cast<std::size_t>(after - blocks_.begin()) - 1;
        if (index != kept_) {
            kept_ = SIZE_MAX;
            unpack(blocks_[index], kept_text_);
            kept_ = index;
        }
        const std::size_t start = static_cast<std::size_t>(offset - blocks_[index].offset);
        const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(length, kept_text_.size() - start));
        text.append(kept_text_, start, count);
        offset += count;
        length -= count;
    }
    return text;
}

void PackedSegment::for_each_block(const std::function<void(std::string_view)>& visit) const {
    std::string text;
    for (const Block& block : blocks_) {
        unpack(block, text);
        visit(text);
    }
}

fs::path packed_path(const fs::path& segment) {
    return segment.string() + ".zst";
}

void pack_segment(const fs::path& segment) {
    const fs::path target = packed_path(segment);
    {
        const core::MappedFile file(segment);
        core::write_file_atomic(target, packed(view_of(file)));
        // Nothing is thrown away before it has been read back.
        std::string_view rest = view_of(file);
        bool same = true;
        PackedSegment(target).for_each_block([&](std::string_view block) {
            same = same && rest.starts_with(block);
            rest.remove_prefix(std::min(rest.size(), block.size()));
        });
        if (!same || !rest.empty()) {
            fs::remove(target);
            throw core::io_error(fmt::format("{} does not read back as it was written", target.string()),
                                 "a disk that keeps what is written");
        }
    }
    fs::remove(segment);
    core::sync_folder(segment.parent_path());
}

}  // namespace scale::record
