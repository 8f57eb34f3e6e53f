#include <algorithm>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "core/json.h"
#include "model/gguf_metadata.h"
#include "model/safetensors/safetensors.h"

namespace scale::model {

namespace fs = std::filesystem;

namespace {

constexpr const char* single_file = "model.safetensors";
constexpr const char* index_file = "model.safetensors.index.json";
constexpr std::uint64_t largest_index = std::uint64_t{256} << 20;
constexpr const char* again = "copy or download the folder again";

using Shards = std::map<std::string, std::set<std::string>>;  // file to its tensors

Shards read_index(const fs::path& path) {
    const std::string source = path.string();
    const core::Json index = core::parse_json(core::read_file(path, largest_index), source);
    const auto map = index.is_object() ? index.find("weight_map") : index.end();
    if (map == index.end() || !map->is_object() || map->empty())
        throw core::input_error(source + ": has no weight_map", "an object of tensor names and files", again);
    Shards shards;
    for (const auto& [tensor, file] : map->items()) {
        if (!file.is_string())
            throw core::input_error(fmt::format("{}: tensor {} names no file", source, shown(tensor)), "a text", again);
        shards[file.get<std::string>()].insert(tensor);
    }
    return shards;
}

// Shards lie beside their index; any other path would read what the folder's owner did not put there.
void require_plain_name(const std::string& file, const std::string& source) {
    const bool plain =
        is_usable_name(file) && file.find_first_of("/\\") == std::string::npos && file != "." && file != "..";
    if (!plain || fs::path(file).extension() != ".safetensors")
        throw core::input_error(fmt::format("{}: names the file {}", source, shown(file)),
                                "a .safetensors file of the same folder", again);
}

void require_files(const Shards& shards, const fs::path& folder) {
    std::vector<std::string> missing;
    for (const auto& [file, tensors] : shards) {
        require_plain_name(file, (folder / index_file).string());
        if (!fs::exists(folder / file)) missing.push_back(file);
    }
    if (missing.empty()) return;
    const std::size_t named = std::min<std::size_t>(missing.size(), 4);
    throw core::input_error(
        fmt::format("{}: {} of {} shards are missing: {}", folder.string(), missing.size(), shards.size(),
                    fmt::join(missing.begin(), missing.begin() + static_cast<long>(named), ", ")),
        "every file that model.safetensors.index.json names", "download the missing files");
}

void check_against_index(const SafetensorsFile& shard, const std::set<std::string>& placed, const Shards& all) {
    const std::string source = shard.path().string();
    for (const SafetensorInfo& tensor : shard.tensors()) {
        if (placed.contains(tensor.name)) continue;
        for (const auto& [file, tensors] : all)
            if (tensors.contains(tensor.name))
                throw core::input_error(fmt::format("{}: holds tensor {}, which the index places in {}", source,
                                                    shown(tensor.name), shown(file)),
                                        "every tensor once", again);
        throw core::input_error(
            fmt::format("{}: holds tensor {}, which the index does not name", source, shown(tensor.name)),
            "index and shards of one model", again);
    }
    for (const std::string& tensor : placed)
        if (!shard.tensor(tensor))
            throw core::input_error(
                fmt::format("{}: lacks tensor {}, which the index places there", source, shown(tensor)),
                "index and shards of one model", again);
}

[[noreturn]] void refuse_without_weights(const fs::path& folder) {
    std::error_code failure;
    bool pickled = false;
    std::size_t others = 0;
    for (fs::directory_iterator entry(folder, failure); !failure && entry != fs::directory_iterator(); ++entry) {
        const std::string extension = entry->path().extension().string();
        pickled |= extension == ".bin" || extension == ".pt" || extension == ".pth";
        others += extension == ".safetensors";
    }
    if (failure) throw core::system_error("cannot read the folder " + folder.string(), failure.value());
    if (pickled && others == 0)
        throw core::input_error(folder.string() + ": holds pickled weights and no safetensors",
                                "model.safetensors or model.safetensors.index.json",
                                "load it with transformers and save_pretrained(…, safe_serialization=True)");
    throw core::input_error(
        others ? fmt::format("{}: holds {} safetensors files and no {}", folder.string(), others, index_file)
               : folder.string() + ": holds no safetensors",
        "model.safetensors or model.safetensors.index.json", "download the whole model folder");
}

}  // namespace

SafetensorsFolder::SafetensorsFolder(const fs::path& folder) : path_(folder) {
    Shards indexed;
    if (fs::exists(folder / single_file)) {
        shards_.emplace_back(folder / single_file);
    } else if (fs::exists(folder / index_file)) {
        indexed = read_index(folder / index_file);
        require_files(indexed, folder);
    } else {
        refuse_without_weights(folder);
    }
    for (const auto& [file, placed] : indexed)
        check_against_index(shards_.emplace_back(folder / file), placed, indexed);
    for (std::size_t shard = 0; shard < shards_.size(); ++shard)
        for (SafetensorInfo tensor : shards_[shard].tensors()) {
            tensor.shard = shard;
            std::string name = tensor.name;
            tensors_.emplace(std::move(name), std::move(tensor));
        }
}

std::uint64_t SafetensorsFolder::tensor_bytes() const {
    std::uint64_t sum = 0;
    for (const auto& [name, tensor] : tensors_) sum += tensor.bytes;
    return sum;
}

const SafetensorInfo* SafetensorsFolder::tensor(std::string_view name) const {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
}

const SafetensorInfo& SafetensorsFolder::require(std::string_view name) const {
    if (const SafetensorInfo* found = tensor(name)) return *found;
    throw core::input_error(fmt::format("{}: has no tensor {}", path_.string(), shown(name)),
                            "every tensor that config.json calls for", again);
}

std::span<const std::byte> SafetensorsFolder::data(const SafetensorInfo& tensor) const {
    return shards_.at(tensor.shard).data(tensor);
}

std::span<const std::byte> SafetensorsFolder::rows(const SafetensorInfo& tensor, std::uint64_t first,
                                                   std::uint64_t count) const {
    const std::uint64_t row_bytes = tensor.row_length() * tensor.type->bytes;
    if (first > tensor.rows() || count > tensor.rows() - first)
        throw std::out_of_range(fmt::format("rows {} to {} of tensor {}", first, first + count, tensor.name));
    return data(tensor).subspan(first * row_bytes, count * row_bytes);
}

void SafetensorsFolder::read_rows(const SafetensorInfo& tensor, std::uint64_t first, std::uint64_t count,
                                  std::span<float> values) const {
    to_floats(tensor, rows(tensor, first, count), values);
}

std::vector<float> SafetensorsFolder::read_floats(const SafetensorInfo& tensor) const {
    std::vector<float> values(tensor.elements);
    to_floats(tensor, data(tensor), values);
    return values;
}

void SafetensorsFolder::require_type(const SafetensorInfo& tensor, Element wanted) const {
    if (tensor.type->element != wanted)
        throw core::input_error(
            fmt::format("{}: tensor {} has dtype {}", path_.string(), shown(tensor.name), tensor.type->name),
            std::string(element_type(wanted).name), again);
}

}  // namespace scale::model
