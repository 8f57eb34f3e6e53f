#include "quantize/export/source_model.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/stock_quantize.h"

namespace scale::quantize {

namespace {

constexpr std::uint64_t longest_config = 4 << 20;  // bytes
// Of a weight that went through a 16-bit type on one side only: half a unit in the last of bfloat16's 8 digits, twice.
constexpr float tolerance = 1.0f / 128;

core::Json config_of(const std::filesystem::path& folder) {
    const std::filesystem::path file = folder / "config.json";
    core::Json config = core::parse_json(core::read_file(file, longest_config), file.string());
    if (config.contains("quantization_config"))
        throw core::input_error(folder.string() + " is quantised already: its config.json has quantization_config",
                                "the original's folder, in 16 or 32 bits", "set path in [model] to it");
    return config;
}

bool is_linear_of_block(const model::MappedTensor& tensor) {
    return tensor.name.rfind("blk.", 0) == 0 && tensor.shape.size() == 2 && !tensor.as_float;
}

// Rows [first, first + count) of the GGUF tensor as the folder has them.
std::vector<float> rows_as_stored(const model::SafetensorsFolder& weights, const model::MappedTensor& tensor,
                                  std::uint64_t first, std::uint64_t count) {
    const model::SafetensorInfo& info = weights.require(tensor.sources.front());
    const std::uint64_t width = info.row_length();
    std::vector<float> values(count * width);
    for (std::uint64_t row = 0; row < count; ++row)
        weights.read_rows(info, model::source_row(first + row, tensor.head_size), 1,
                          std::span(values).subspan(row * width, width));
    return values;
}

void compare(const model::SafetensorsFolder& weights, const model::GgufFile& original,
             const model::MappedTensor& tensor) {
    const auto differs = [&](const std::string& how) {
        return core::input_error(
            fmt::format("{} in {} is not {} in {}: {}", tensor.sources.front(), weights.path().string(), tensor.name,
                        original.path().filename().string(), how),
            "the folder and the GGUF file of one model",
            "convert the folder to GGUF and set [model] path to that file, then scale set");
    };
    const model::TensorInfo* in_gguf = original.tensor(tensor.name);
    if (!in_gguf) throw differs("the GGUF file has no such tensor");
    const std::uint64_t width = tensor.shape.back(), rows = tensor.shape.front();
    if (in_gguf->elements != width * rows || in_gguf->shape.front() != width) throw differs("their shapes differ");
    const std::uint64_t piece = std::max<std::uint64_t>(1, (std::uint64_t{1} << 20) / width);
    const std::uint64_t row_bytes = in_gguf->bytes / rows;
    for (std::uint64_t first = 0; first < rows; first += piece) {
        const std::uint64_t count = std::min(piece, rows - first);
        const std::vector<float> stored = rows_as_stored(weights, tensor, first, count);
        const std::vector<float> engine =
            engine::decode_rows(in_gguf->type->id, original.data(*in_gguf).data() + first * row_bytes, width, count);
        for (std::size_t i = 0; i < stored.size(); ++i)
            if (!(std::abs(stored[i] - engine[i]) <= tolerance * std::abs(stored[i]) + 1e-6f))
                throw differs(
                    fmt::format("row {} has {} where the file has {}", first + i / width, stored[i], engine[i]));
    }
}

}  // namespace

SourceModel::SourceModel(const std::filesystem::path& folder)
    : config_(config_of(folder)), model_(model::read_model_folder(folder)) {
    const model::SafetensorInfo* first = nullptr;
    for (const model::MappedTensor& tensor : tensors()) {
        if (!is_linear_of_block(tensor)) continue;
        const model::SafetensorInfo& info = weights().require(tensor.sources.front());
        if (first && first->type != info.type)
            throw core::input_error(
                fmt::format("{} is {} and {} is {}", first->name, first->type->name, info.name, info.type->name),
                "linear layers of one type");
        if (!first) first = &info;
        type_ = info.type->element;
    }
}

const model::MappedTensor* SourceModel::tensor(std::string_view gguf_name) const {
    const auto found = std::find_if(tensors().begin(), tensors().end(),
                                    [&](const model::MappedTensor& tensor) { return tensor.name == gguf_name; });
    return found == tensors().end() ? nullptr : &*found;
}

void SourceModel::require_same_as(const model::GgufFile& original, const std::function<void(double)>& progress) const {
    double done = 0, total = 0;
    std::vector<const model::MappedTensor*> compared;
    for (const model::MappedTensor& tensor : tensors())
        if (tensor.shape.size() == 2 && tensor.sources.size() == 1) {
            compared.push_back(&tensor);
            total += static_cast<double>(tensor.shape[0] * tensor.shape[1]);
        }
    for (const model::MappedTensor* tensor : compared) {
        compare(weights(), original, *tensor);
        done += static_cast<double>(tensor->shape[0] * tensor->shape[1]);
        progress(done / total);
    }
}

std::vector<Module> quantised_modules(const SourceModel& source) {
    constexpr std::string_view suffix = ".weight";
    std::vector<Module> modules;
    for (const model::MappedTensor& tensor : source.tensors()) {
        if (!is_linear_of_block(tensor)) continue;
        if (tensor.sources.size() != 1)
            throw core::input_error(
                fmt::format("{} is a mixture of experts ({})", source.folder().string(), tensor.name),
                "a dense model: experts are not written for GPU servers yet", "set target = \"llama.cpp\" in [deploy]");
        const std::string& name = tensor.sources.front();
        modules.push_back({tensor.name, name.substr(0, name.size() - suffix.size()),
                           std::atoi(tensor.name.c_str() + std::string_view("blk.").size()),
                           static_cast<int>(tensor.shape[0]), static_cast<int>(tensor.shape[1]), tensor.head_size});
    }
    return modules;
}

}  // namespace scale::quantize
