#include <algorithm>

#include <fmt/format.h>

#include "calibration/source/cutter.h"
#include "calibration/source/log_file.h"
#include "calibration/source/traffic_source.h"
#include "core/hash.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t head_bytes = std::size_t{256} << 10;

struct Layout {
    SourceKind kind = SourceKind::requests;
    Container container = Container::lines;
};

std::string_view from_first_character(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    const auto first = text.find_first_not_of(" \t\r\n");
    return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

bool is_array_of_objects(std::string_view head) {
    return head.starts_with('[') && from_first_character(head.substr(1)).starts_with('{');
}

// A blank line between two that are not.
bool has_blank_line(std::string_view head) {
    bool text_before = false;
    bool blank_before = false;
    for (const std::string_view line : core::split_lines(head)) {
        const bool blank = core::trimmed(line).empty();
        if (!blank && text_before && blank_before) return true;
        text_before = text_before || !blank;
        blank_before = blank;
    }
    return false;
}

Layout layout_of(const LogFile& file, const std::string& format) {
    const std::string bytes = file.head(head_bytes);
    const std::string_view head = from_first_character(bytes);
    const std::string_view first = head.substr(0, head.find('\n'));
    if (format == "prompts" || (format == "auto" && file.name().ends_with(".txt") && !head.starts_with('{')))
        return {SourceKind::prompts, has_blank_line(bytes) ? Container::blocks : Container::lines};
    Layout layout;
    if (is_array_of_objects(head)) layout.container = Container::array;
    const bool chats = format == "chats" ||
                       (format == "auto" &&
                        (layout.container == Container::array || first.find("\"conversations\"") != std::string::npos));
    layout.kind = chats ? SourceKind::chats : SourceKind::requests;
    return layout;
}

ParsedLine parse_prompt(std::string_view text) {
    ParsedLine parsed;
    if (!core::is_valid_utf8(text))
        parsed.refusal = "not valid UTF-8";
    else
        parsed.request.messages.push_back({"user", core::trimmed(text)});
    return parsed;
}

class FileSource : public TrafficSource {
  public:
    FileSource(const std::filesystem::path& path, const std::string& format)
        : file_(path), layout_(layout_of(file_, format)) {}

    SourceKind kind() const override { return layout_.kind; }

    LogReading read(const Sink& sink, const Progress& progress) override {
        const auto cutter =
            make_cutter(layout_.container, [&](const Place& place, std::string_view piece, bool long_one) {
                sink(place, long_one ? too_long(place) : parse(piece));
            });
        core::Sha256 hash;
        std::uint64_t done = 0;
        file_.for_each_chunk([&](std::string_view chunk) {
            hash.update(chunk);
            cutter->feed(chunk);
            done += chunk.size();
            if (progress) progress(done, file_.size());
        });
        cutter->end();
        return {cutter->pieces(), hash.hex()};
    }

    ParsedLine again(const Place& place) const override { return parse(file_.read(place.offset, place.length)); }

  private:
    ParsedLine parse(std::string_view piece) const {
        return layout_.kind == SourceKind::prompts ? parse_prompt(piece) : parse_request(piece);
    }
    static ParsedLine too_long(const Place& place) {
        ParsedLine parsed;
        parsed.refusal = fmt::format("{} long; lines over {} are skipped", core::human_bytes(place.length),
                                     core::human_bytes(max_line));
        return parsed;
    }

    LogFile file_;
    Layout layout_;
};

}  // namespace

std::unique_ptr<TrafficSource> open_file_source(const std::filesystem::path& path, const std::string& format) {
    return std::make_unique<FileSource>(path, format);
}

}  // namespace scale::calibration
