#include "calibration/source/traffic_source.h"

#include <array>

#include <fmt/format.h>

#include "record/live_log/segment_scan.h"

namespace scale::calibration {

void BrokenLines::add(std::uint64_t line, const std::string& reason) {
    ++count;
    if (examples.size() < broken_examples_kept) examples.push_back(fmt::format("line {}: {}", line, reason));
}

std::string_view source_name(SourceKind kind) {
    static constexpr std::array names{"requests", "gateway", "prompts", "chats"};
    return names[static_cast<std::size_t>(kind)];
}

std::unique_ptr<TrafficSource> open_source(const std::filesystem::path& path, const std::string& format,
                                           const TrafficWindow& window) {
    const bool segments = std::filesystem::is_directory(path) || record::segment_number(path) != 0;
    if (format == "gateway" || (format == "auto" && segments)) return open_gateway_source(path, window);
    return open_file_source(path, format);
}

}  // namespace scale::calibration
