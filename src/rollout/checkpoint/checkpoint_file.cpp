#include "rollout/checkpoint/checkpoint_file.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <zstd.h>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "record/live_log/crc32c.h"
#include "record/live_log/segment_scan.h"

namespace scale::rollout {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "checkpoint-";
constexpr std::string_view fresh_prefix = ".checkpoint-";
constexpr int level = 1;
constexpr std::uint64_t largest_state = std::uint64_t{8} << 30;

std::uint64_t number_of(const fs::path& file) {
    const std::string name = file.filename().string();
    if (!name.starts_with(prefix)) return 0;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data() + prefix.size(), end, number);
    return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

std::string packed(const std::string& state) {
    std::string bytes(ZSTD_compressBound(state.size()), '\0');
    const std::size_t size = ZSTD_compress(bytes.data(), bytes.size(), state.data(), state.size(), level);
    if (ZSTD_isError(size) != 0) throw core::io_error(fmt::format("cannot pack: {}", ZSTD_getErrorName(size)));
    bytes.resize(size);
    return bytes;
}

core::Json head_of(const Checkpoint& checkpoint, const std::string& bytes) {
    const SegmentMark& segment = checkpoint.segment;
    return {{"version", checkpoint_version},
            {"experiment", checkpoint.experiment},
            {"epoch", checkpoint.epoch},
            {"settings", checkpoint.settings},
            {"segment", segment.number},
            {"segment_bytes", segment.bytes},
            {"line_bytes", segment.line_bytes},
            {"line_crc", segment.line_crc},
            {"newest_ms", segment.newest_ms},
            {"since_ms", checkpoint.since_ms},
            {"experiments", checkpoint.experiments},
            {"pieces", checkpoint.pieces},
            {"records", checkpoint.records},
            {"state_bytes", checkpoint.state.size()},
            {"sha256", core::sha256_hex(bytes)}};
}

[[noreturn]] void unusable(const fs::path& file, const std::string& why) {
    throw core::input_error(fmt::format("{}: {}", file.string(), why), "a checkpoint as it was written");
}

core::Json checked_head(const fs::path& file, std::string_view line) {
    if (line.size() <= record::frame_width || line[record::frame_width - 1] != ' ') unusable(file, "it has no head");
    std::uint32_t stated = 0;
    const char* end = line.data() + record::frame_width - 1;
    const auto parsed = std::from_chars(line.data(), end, stated, 16);
    const std::string_view text = line.substr(record::frame_width);
    if (parsed.ec != std::errc() || parsed.ptr != end || record::crc32c(text) != stated)
        unusable(file, "its head does not match its checksum");
    core::Json head = core::parse_json(text, file.string());
    const int version = core::required<int>(head, "version", file.string());
    if (version != checkpoint_version)
        unusable(file, fmt::format("it is of version {}, this program writes {}", version, checkpoint_version));
    return head;
}

}  // namespace

fs::path checkpoint_path(const fs::path& log_folder, std::uint64_t segment) {
    return log_folder / fmt::format("{}{:010}", prefix, segment);
}

std::vector<fs::path> checkpoints_of(const fs::path& log_folder) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(log_folder, failure))
        if (number_of(entry.path()) != 0) files.push_back(entry.path());
    std::sort(files.begin(), files.end(),
              [](const auto& one, const auto& other) { return number_of(one) > number_of(other); });
    return files;
}

std::uint64_t write_checkpoint(const fs::path& log_folder, const Checkpoint& checkpoint, const StepHook& before_step) {
    const std::string bytes = packed(checkpoint.state);
    const std::string whole = record::framed_line(core::canonical(head_of(checkpoint, bytes))) + bytes;
    const fs::path path = checkpoint_path(log_folder, checkpoint.segment.number);
    const fs::path fresh = log_folder / fmt::format("{}{}", fresh_prefix, checkpoint.segment.number);
    durable_replace(path, fresh, whole, before_step);
    return whole.size();
}

Checkpoint read_checkpoint(const fs::path& path) {
    const std::string source = path.string();
    const core::MappedFile file(path);
    const std::string_view whole(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    const auto end = whole.find('\n');
    if (end == std::string_view::npos) unusable(path, "it has no head");
    const core::Json head = checked_head(path, whole.substr(0, end));
    const std::string_view bytes = whole.substr(end + 1);
    if (core::required<std::string>(head, "sha256", source) != core::sha256_hex(bytes))
        unusable(path, "its state does not match its SHA-256");
    Checkpoint checkpoint;
    checkpoint.experiment = core::required<std::string>(head, "experiment", source);
    checkpoint.epoch = core::required<std::uint64_t>(head, "epoch", source);
    checkpoint.settings = core::required<core::Json>(head, "settings", source);
    checkpoint.segment.number = core::required<std::uint64_t>(head, "segment", source);
    checkpoint.segment.bytes = core::required<std::uint64_t>(head, "segment_bytes", source);
    checkpoint.segment.line_bytes = core::required<std::uint64_t>(head, "line_bytes", source);
    checkpoint.segment.line_crc = core::required<std::uint32_t>(head, "line_crc", source);
    checkpoint.segment.newest_ms = core::required<std::int64_t>(head, "newest_ms", source);
    checkpoint.since_ms = core::required<std::int64_t>(head, "since_ms", source);
    checkpoint.experiments = core::required<std::set<std::string>>(head, "experiments", source);
    checkpoint.pieces = core::required<std::uint64_t>(head, "pieces", source);
    checkpoint.records = core::required<std::uint64_t>(head, "records", source);
    const auto size = core::required<std::uint64_t>(head, "state_bytes", source);
    if (size > largest_state) unusable(path, "its state is of an impossible size");
    if (checkpoint.segment.number != number_of(path)) unusable(path, "its name is that of another segment");
    checkpoint.state.resize(size);
    if (ZSTD_decompress(checkpoint.state.data(), size, bytes.data(), bytes.size()) != size)
        unusable(path, "its state cannot be unpacked");
    return checkpoint;
}

void remove_other_checkpoints(const fs::path& log_folder, const std::vector<fs::path>& kept) {
    std::error_code failure;
    std::vector<fs::path> old = checkpoints_of(log_folder);
    std::erase_if(old, [&](const auto& file) { return std::find(kept.begin(), kept.end(), file) != kept.end(); });
    for (const auto& entry : fs::directory_iterator(log_folder, failure))
        if (entry.path().filename().string().starts_with(fresh_prefix)) old.push_back(entry.path());
    for (const auto& file : old) fs::remove(file, failure);
}

}  // namespace scale::rollout
