#include "quantize/checkpoint.h"

#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "core/json.h"

namespace scale::quantize {

namespace fs = std::filesystem;

CheckpointFile::CheckpointFile(fs::path target, std::string fingerprint)
    : target_(std::move(target)), fingerprint_(std::move(fingerprint)) {}

fs::path CheckpointFile::note() const {
    return target_.string() + ".progress";
}
fs::path CheckpointFile::sums(std::uint64_t sequences, std::size_t half) const {
    return fmt::format("{}.part-{}-{}", target_.string(), sequences, half == 0 ? "even" : "odd");
}

Checkpoint CheckpointFile::load() const {
    if (!fs::exists(note())) return {};
    try {
        const std::string source = note().string();
        const core::Json value = core::parse_json(core::read_file(note(), 1 << 16), source);
        if (core::required<std::string>(value, "fingerprint", source) != fingerprint_) return {};
        Checkpoint checkpoint;
        checkpoint.sequences = core::required<std::uint64_t>(value, "sequences", source);
        checkpoint.tokens = core::required<std::uint64_t>(value, "tokens", source);
        for (std::size_t half = 0; half < 2; ++half)
            checkpoint.halves[half] = engine::read_statistics(sums(checkpoint.sequences, half));
        return checkpoint;
    } catch (const core::Error&) {  // losing a checkpoint costs time, not correctness
        return {};
    }
}

void CheckpointFile::save(const Checkpoint& checkpoint) {
    for (std::size_t half = 0; half < 2; ++half)
        engine::write_statistics(sums(checkpoint.sequences, half), checkpoint.halves[half]);
    core::write_file_atomic(note(), core::canonical({{"fingerprint", fingerprint_},
                                                     {"sequences", checkpoint.sequences},
                                                     {"tokens", checkpoint.tokens}}));
    const std::set<fs::path> kept{sums(checkpoint.sequences, 0), sums(checkpoint.sequences, 1)};
    const std::string prefix = target_.filename().string() + ".part-";
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(target_.parent_path()))
        if (entry.path().filename().string().starts_with(prefix) && kept.count(entry.path()) == 0)
            old.push_back(entry.path());
    for (const fs::path& path : old) fs::remove(path);
}

void CheckpointFile::remove() {
    std::error_code ignored;
    const std::string prefix = target_.filename().string() + ".part-";
    std::vector<fs::path> parts;
    for (const auto& entry : fs::directory_iterator(target_.parent_path(), ignored))
        if (entry.path().filename().string().starts_with(prefix)) parts.push_back(entry.path());
    fs::remove(note(), ignored);
    for (const fs::path& path : parts) fs::remove(path, ignored);
}

}  // namespace scale::quantize
