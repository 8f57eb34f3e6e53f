#include "model/safetensors/shard_plan.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "core/error.h"
#include "core/json.h"
#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

constexpr std::uint64_t largest = std::numeric_limits<std::int64_t>::max();

std::uint64_t bytes_of(const SafetensorDeclaration& tensor) {
    std::uint64_t bytes = element_type(tensor.type).bytes;
    for (const std::uint64_t length : tensor.shape) {
        if (length != 0 && bytes > largest / length)
            throw core::input_error(
                fmt::format("tensor {} to be written has more than 2^63 bytes", shown(tensor.name)));
        bytes *= length;
    }
    return bytes;
}

std::vector<PlannedShard> deal(const std::vector<SafetensorDeclaration>& tensors, std::uint64_t shard_bytes) {
    std::vector<PlannedShard> shards(1);
    std::set<std::string> names;
    for (const SafetensorDeclaration& tensor : tensors) {
        if (!is_usable_name(tensor.name) || !names.insert(tensor.name).second)
            throw core::input_error(
                fmt::format("tensor {} to be written is named twice or cannot be named so", shown(tensor.name)));
        const std::uint64_t bytes = bytes_of(tensor);
        if (!shards.back().tensors.empty() && shards.back().data_bytes + bytes > shard_bytes) shards.emplace_back();
        shards.back().tensors.push_back({&tensor, bytes, 0});
        shards.back().data_bytes += bytes;
    }
    return shards;
}

void lay_out(PlannedShard& shard) {
    const auto order = [](const PlannedTensor& tensor) {
        const std::uint32_t width = element_type(tensor.declaration->type).bytes;
        return std::make_tuple(-static_cast<std::int64_t>(width), std::cref(tensor.declaration->name));
    };
    std::sort(shard.tensors.begin(), shard.tensors.end(),
              [&](const PlannedTensor& a, const PlannedTensor& b) { return order(a) < order(b); });
    core::Json header = {{"__metadata__", {{"format", "pt"}}}};
    std::uint64_t offset = 0;
    for (PlannedTensor& tensor : shard.tensors) {
        tensor.offset = offset;
        offset += tensor.bytes;
        header[tensor.declaration->name] = {{"dtype", element_type(tensor.declaration->type).name},
                                            {"shape", tensor.declaration->shape},
                                            {"data_offsets", {tensor.offset, offset}}};
    }
    std::string json = core::canonical(header);
    json.resize((json.size() + 7) / 8 * 8, ' ');
    const std::uint64_t length = json.size();
    shard.head.assign(reinterpret_cast<const char*>(&length), sizeof length);
    shard.head += json;
}

}  // namespace

std::vector<PlannedShard> plan_shards(const std::vector<SafetensorDeclaration>& tensors, std::uint64_t shard_bytes) {
    std::vector<PlannedShard> shards = deal(tensors, shard_bytes);
    for (std::size_t i = 0; i < shards.size(); ++i) {
        lay_out(shards[i]);
        shards[i].name = shards.size() == 1 ? "model.safetensors"
                                            : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.size());
    }
    return shards;
}

std::string index_of(const std::vector<PlannedShard>& shards) {
    core::Json map = core::Json::object();
    std::uint64_t total = 0;
    for (const PlannedShard& shard : shards) {
        total += shard.data_bytes;
        for (const PlannedTensor& tensor : shard.tensors) map[tensor.declaration->name] = shard.name;
    }
    return core::Json{{"metadata", {{"total_size", total}}}, {"weight_map", map}}.dump(2) + "\n";
}

}  // namespace scale::model
