// llama.cpp's own quantiser: the types it would give every tensor, and the file it writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/activations.h"

namespace scale::engine {

// "F16", "Q8_0", "Q4_K_M", …: largest first.
std::vector<std::string> stock_mix_names();

struct TensorPlan {
    std::string name;
    std::string type;  // "Q4_K"
    std::uint64_t bytes = 0;
    bool fallback = false;  // the mix's own type did not fit the row length
};

struct QuantizePlan {
    std::vector<TensorPlan> tensors;
    std::uint64_t tensor_bytes = 0;
    std::uint64_t file_bytes = 0;  // predicted: tensors with padding, and the metadata
    double bits_per_weight = 0;
    int fallback_tensors = 0;
};

// Types of single tensors, by name, where they are to differ from the mix's.
using TensorTypes = std::map<std::string, std::string>;

struct PlanOptions {
    bool with_statistics = true;  // a few mixes give some tensors another type where statistics are at hand
    int keep_layers = 0;          // as in QuantizeOptions
    TensorTypes types = {};       // as in QuantizeOptions
};

// What quantize() would write for the mix, without writing it: the engine's own dry run. The bytes are exact. Throws an
// input error for an unknown mix or type, or where the engine cannot quantise such a model. A tensor that the engine
// does not quantise, or whose rows the wanted type cannot hold, gets another type than `types` says: compare.
QuantizePlan plan_quantization(const std::filesystem::path& original, const std::string& mix,
                               const PlanOptions& options = {});

struct QuantizeOptions {
    std::string mix;                         // "Q4_K_M"
    const Statistics* statistics = nullptr;  // importance of columns; without it the plain search
    int threads = 1;
    int keep_layers = 0;     // > 0: only the first that many layers (for a trial at real shapes)
    TensorTypes types = {};  // over the mix's; the mix itself must be a quantised one
};

// Writes `target` (not atomically; the caller renames). Mixes that the engine refuses without statistics get uniform
// ones where `statistics` is null. Statistics under "output.weight" count for a tied "token_embd.weight". Throws an
// input error where the statistics do not fit the model, an io error where the file cannot be written whole.
void quantize(const std::filesystem::path& original, const std::filesystem::path& target,
              const QuantizeOptions& options);

// Decodes rows [first_row, first_row + rows) of a tensor of any type to float by the engine's own decoder.
std::vector<float> decode_rows(std::uint32_t type_id, const std::byte* data, std::uint64_t row_length,
                               std::uint64_t rows);

}  // namespace scale::engine
