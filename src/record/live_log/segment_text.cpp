#include "record/live_log/segment_text.h"

#include <fmt/format.h>

#include "core/error.h"

namespace scale::record {

namespace fs = std::filesystem;

namespace {

std::string_view view_of(const core::MappedFile& file) {
    return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

using Text = std::variant<core::MappedFile, PackedSegment>;

Text open(const fs::path& path) {
    if (path.extension() == ".zst") return Text(std::in_place_type<PackedSegment>, path);
    try {
        return Text(std::in_place_type<core::MappedFile>, path);
    } catch (const core::Error&) {
        if (!fs::exists(packed_path(path))) throw;
    }
    return Text(std::in_place_type<PackedSegment>, packed_path(path));
}

}  // namespace

SegmentText::SegmentText(const fs::path& path) : name_(path.string()), text_(open(path)) {}

std::uint64_t SegmentText::size() const {
    if (const auto* packed = std::get_if<PackedSegment>(&text_)) return packed->size();
    return std::get<core::MappedFile>(text_).bytes().size();
}

std::string SegmentText::read(std::uint64_t offset, std::uint64_t length) const {
    if (const auto* packed = std::get_if<PackedSegment>(&text_)) return packed->read(offset, length);
    const std::string_view all = view_of(std::get<core::MappedFile>(text_));
    if (offset > all.size() || length > all.size() - offset)
        throw core::io_error(fmt::format("{} ends at byte {}", name_, all.size()), "a log that only grows");
    return std::string(all.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(length)));
}

void SegmentText::for_each_block(const std::function<void(std::string_view)>& visit) const {
    if (const auto* packed = std::get_if<PackedSegment>(&text_)) return packed->for_each_block(visit);
    visit(view_of(std::get<core::MappedFile>(text_)));
}

}  // namespace scale::record
