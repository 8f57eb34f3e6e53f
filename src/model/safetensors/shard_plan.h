// Where every tensor of a folder of safetensors lies, computed before anything is written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/safetensors/writer.h"

namespace scale::model {

struct PlannedTensor {
    const SafetensorDeclaration* declaration = nullptr;
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;  // of the shard's data
};

struct PlannedShard {
    std::string name;                    // "model-00001-of-00002.safetensors"
    std::vector<PlannedTensor> tensors;  // as they lie
    std::string head;                    // length and JSON, padded to 8 bytes
    std::uint64_t data_bytes = 0;
};

// At least one shard. `tensors` must outlive the plan. Throws an input error for unusable or repeated names and
// overflowing shapes.
std::vector<PlannedShard> plan_shards(const std::vector<SafetensorDeclaration>& tensors, std::uint64_t shard_bytes);

// model.safetensors.index.json for these shards.
std::string index_of(const std::vector<PlannedShard>& shards);

}  // namespace scale::model
