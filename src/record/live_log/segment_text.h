// The text of one segment, plain or packed, as it was when it was opened. Packing may replace the file meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "core/file.h"
#include "record/live_log/packed_segment.h"

namespace scale::record {

class SegmentText {
  public:
    // A plain path whose file is gone means its packed form. Throws an io or input error.
    explicit SegmentText(const std::filesystem::path& path);

    std::uint64_t size() const;
    bool is_packed() const { return std::holds_alternative<PackedSegment>(text_); }
    // Any thread; an io or input error where the text ends before.
    std::string read(std::uint64_t offset, std::uint64_t length) const;
    // In order; a block of a packed segment holds whole lines, a plain one is a single block.
    void for_each_block(const std::function<void(std::string_view)>& visit) const;

  private:
    std::string name_;
    std::variant<core::MappedFile, PackedSegment> text_;
};

}  // namespace scale::record
