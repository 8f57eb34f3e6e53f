#include "quantize/export/checkpoint_writer.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "model/half.h"

namespace scale::quantize {

namespace {

std::vector<model::SafetensorDeclaration> declarations(const SourceModel& source, const std::vector<Module>& modules,
                                                       const CheckpointFormat& format, int group) {
    std::vector<model::SafetensorDeclaration> all;
    std::set<std::string> replaced;
    for (const Module& module : modules) {
        replaced.insert(module.module + ".weight");
        for (const PackedTensor& tensor : packed_layout(format, module.rows, module.columns, group, source.type()))
            all.push_back({module.module + "." + tensor.suffix, tensor.type, tensor.shape});
    }
    for (const auto& [name, tensor] : source.weights().tensors())
        if (!replaced.contains(name)) all.push_back({name, tensor.type->element, tensor.shape});
    return all;
}

std::vector<std::byte> encoded(const model::ElementType& type, const std::vector<float>& values) {
    std::vector<std::byte> bytes(values.size() * type.bytes);
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::byte* to = bytes.data() + i * type.bytes;
        const std::uint32_t bits = std::bit_cast<std::uint32_t>(values[i]);
        std::uint16_t half = 0;
        switch (type.element) {
            case model::Element::f16:
                half = model::to_half(values[i]);
                break;
            case model::Element::bf16:
                half = static_cast<std::uint16_t>(bits >> 16);
                break;
            default:
                std::memcpy(to, &bits, sizeof bits);
                continue;
        }
        std::memcpy(to, &half, sizeof half);
    }
    return bytes;
}

}  // namespace

UniformMatrix permuted(const UniformMatrix& matrix, std::uint64_t head_size, RowOrder direction) {
    UniformMatrix result = matrix;
    result.codes = permuted_rows(matrix.codes, matrix.rows, head_size, direction);
    result.scales = permuted_rows(matrix.scales, matrix.rows, head_size, direction);
    return result;
}

CheckpointWriter::CheckpointWriter(const std::filesystem::path& folder, const SourceModel& source,
                                   const std::vector<Module>& modules, const CheckpointFormat& format, int group)
    : source_(source), format_(format), writer_(folder, declarations(source, modules, format, group)) {}

void CheckpointWriter::add(const Module& module, const UniformMatrix& matrix) {
    for (const PackedTensor& tensor :
         pack(format_, permuted(matrix, module.head_size, RowOrder::to_checkpoint), source_.type()))
        writer_.append(module.module + "." + tensor.suffix, tensor.bytes);
    written_.insert(module.module + ".weight");
}

void CheckpointWriter::replace(const std::string& gguf_tensor, const std::vector<float>& values) {
    const model::MappedTensor* tensor = source_.tensor(gguf_tensor);
    const model::SafetensorInfo& info = source_.weights().require(tensor->sources.front());
    std::vector<float> stored =
        permuted_rows(values, static_cast<int>(values.size()), tensor->head_size, RowOrder::to_checkpoint);
    if (tensor->plus_one)
        for (float& value : stored) value -= 1;
    writer_.append(info.name, encoded(*info.type, stored));
    written_.insert(info.name);
}

void CheckpointWriter::publish() {
    for (const auto& [name, tensor] : source_.weights().tensors())
        if (!written_.contains(name)) writer_.append(name, source_.weights().data(tensor));
    writer_.publish();
}

}  // namespace scale::quantize
