#include "quantize/export/read_back.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "engine/stock_quantize.h"
#include "quantize/export/checkpoint_writer.h"

namespace scale::quantize {

namespace {

core::Error differs(const std::string& tensor, const std::string& how) {
    return core::worker_error(fmt::format("the checkpoint was not published: {} {}", tensor, how),
                              "every layer to decode to exactly what was solved",
                              "run scale quantize --again; if it happens again, report it");
}

std::vector<float> values_of(const model::GgufFile& twin, const std::string& tensor) {
    const model::TensorInfo* info = twin.tensor(tensor);
    if (!info) throw differs(tensor, "is not in the decoded model");
    const std::uint64_t width = info->shape.front();
    return engine::decode_rows(info->type->id, twin.data(*info).data(), width, info->elements / width);
}

std::vector<PackedTensor> stored_layer(const model::SafetensorsFolder& folder, const Module& module,
                                       const std::vector<PackedTensor>& layout) {
    std::vector<PackedTensor> tensors;
    for (const PackedTensor& wanted : layout) {
        const model::SafetensorInfo& info = folder.require(module.module + "." + wanted.suffix);
        const auto bytes = folder.data(info);
        tensors.push_back({wanted.suffix, info.type->element, info.shape, {bytes.begin(), bytes.end()}});
    }
    return tensors;
}

// Norms and biases: as the engine reads them.
void compare_vector(const model::SafetensorsFolder& folder, const model::MappedTensor& tensor,
                    const model::GgufFile& twin) {
    const model::SafetensorInfo& info = folder.require(tensor.sources.front());
    std::vector<float> stored =
        permuted_rows(folder.read_floats(info), static_cast<int>(info.elements), tensor.head_size, RowOrder::to_gguf);
    if (tensor.plus_one)
        for (float& value : stored) value += 1;
    if (stored != values_of(twin, tensor.name)) throw differs(info.name, "differs from the decoded model");
}

}  // namespace

std::uint64_t read_back(const std::filesystem::path& folder_path, const SourceModel& source,
                        const std::vector<Module>& modules, const CheckpointFormat& format, int group,
                        const std::filesystem::path& twin_path, const std::function<void(double)>& progress) {
    const model::SafetensorsFolder folder(folder_path);
    const model::GgufFile twin(twin_path);
    std::uint64_t compared = 0;
    for (std::size_t i = 0; i < modules.size(); ++i) {
        const Module& module = modules[i];
        const auto layout = packed_layout(format, module.rows, module.columns, group, source.type());
        const UniformMatrix matrix =
            permuted(unpack(format, stored_layer(folder, module, layout), module.rows, module.columns, group),
                     module.head_size, RowOrder::to_gguf);
        const std::vector<float> decoded = matrix.decoded(), wanted = values_of(twin, module.tensor);
        const auto at = std::mismatch(decoded.begin(), decoded.end(), wanted.begin(), wanted.end());
        if (at.first != decoded.end() || at.second != wanted.end())
            throw differs(module.module,
                          fmt::format("differs from the decoded model at weight {}", at.first - decoded.begin()));
        compared += decoded.size();
        progress(static_cast<double>(i + 1) / static_cast<double>(modules.size()));
    }
    for (const model::MappedTensor& tensor : source.tensors())
        if (tensor.shape.size() == 1) compare_vector(folder, tensor, twin);
    return compared;
}

}  // namespace scale::quantize
