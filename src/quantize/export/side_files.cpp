#include "quantize/export/side_files.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "core/file.h"
#include "core/hash.h"
#include "quantize/packed/quantization_config.h"

namespace scale::quantize {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t longest_copied = std::uint64_t{256} << 20;  // of a tokenizer; weights are no side files

// What belongs to a model beside its weights and its configuration.
bool is_copied(const fs::path& file) {
    static constexpr std::array<std::string_view, 6> extensions{".json",  ".model",    ".txt",
                                                                ".jinja", ".tiktoken", ".md"};
    const std::string name = file.filename().string();
    if (name == "config.json" || name.find(".safetensors") != std::string::npos ||
        name.find(".bin.index") != std::string::npos || name.front() == '.')
        return false;
    if (name.rfind("LICENSE", 0) == 0 || name.rfind("NOTICE", 0) == 0) return true;
    const std::string extension = file.extension().string();
    return std::find(extensions.begin(), extensions.end(), extension) != extensions.end();
}

void copy_side_files(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(from)) {
        if (!entry.is_regular_file() || !is_copied(entry.path())) continue;
        const std::string name = entry.path().filename().string();
        core::write_file_atomic(to / (name == "README.md" ? "README.original.md" : name),
                                core::read_file(entry.path(), longest_copied));
    }
}

std::string width_of(const CheckpointFormat& format, int group) {
    if (format.per_row())
        return "INT8 weights with one scale a row; activations INT8, quantised by the server per token";
    return fmt::format("{} weights of {} bits, {} input columns to a scale; activations 16 bits",
                       format.symmetric ? "symmetric" : "asymmetric", format.bits, group);
}

std::string name_of(const fs::path& source) {
    return source.has_filename() ? source.filename().string() : source.parent_path().filename().string();
}

}  // namespace

std::string checkpoint_card(const fs::path& source, const CheckpointFormat& format, int group, const Provenance& from) {
    return fmt::format(
        "# {0}, {1}\n\n"
        "Linear layers quantised to `{1}`: {2}. Embedding, head and norms are kept in the original's type.\n\n"
        "    vllm serve <this folder>\n\n"
        "| | |\n|---|---|\n"
        "| made by | {3} |\n"
        "| from | `{0}`; SHA-256 over its files {4} |\n"
        "| its GGUF form, which was run | SHA-256 {5} |\n"
        "| calibration set | {6} samples, {7} tokens; SHA-256 {8} |\n"
        "| method | {9} |\n\n"
        "Every integer of this folder was read back, decoded, and equal to the weights that the quality gate judged.\n"
        "Whether they passed it stands in the pass's record, not here.\n",
        name_of(source), format.name, width_of(format, group), from.tool, from.source_sha256, from.original_sha256,
        from.samples, from.tokens, from.set_sha256, from.method);
}

std::string stand_in_card(const fs::path& source, const CheckpointFormat& format, int group, const std::string& tool) {
    return fmt::format(
        "# {0}, {1}: a stand-in\n\n"
        "For measuring the speed of `{1}` ({2}), and for nothing else: made by {3}, rounded to nearest without\n"
        "calibration, judged by no gate.\n\n"
        "    vllm serve <this folder>\n",
        name_of(source), format.name, width_of(format, group), tool);
}

void write_side_files(const fs::path& folder, const SourceModel& source, const CheckpointFormat& format, int group,
                      const std::string& tool, const std::string& card) {
    copy_side_files(source.folder(), folder);
    const core::Json quantization = quantization_config(format, group, tool);
    core::Json config = source.config();
    config["quantization_config"] = quantization;
    core::write_file_atomic(folder / "config.json", config.dump(2) + "\n");
    if (const std::string_view own = own_config_file(format); !own.empty())
        core::write_file_atomic(folder / own, quantization.dump(2) + "\n");
    core::write_file_atomic(folder / "README.md", card);
}

std::map<std::string, std::string> file_digests(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.is_regular_file()) files[entry.path().filename().string()] = core::sha256_file(entry.path());
    return files;
}

std::string source_digest(const std::map<std::string, std::string>& files) {
    return core::sha256_hex(core::canonical(files));
}

}  // namespace scale::quantize
