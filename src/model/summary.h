// What a pass needs to know of a model: architecture, sizes, and the digests that identify tokenizer and template.
#pragma once

#include <cstdint>
#include <string>

#include "core/json.h"
#include "model/gguf.h"

namespace scale::model {

struct ModelSummary {
    std::string architecture;  // "llama"
    std::string name;
    std::uint64_t parameters = 0;
    std::uint64_t file_bytes = 0;
    std::uint64_t tensor_bytes = 0;
    double bits_per_weight = 0;  // 8 · tensor_bytes / parameters
    std::uint64_t layers = 0;
    std::uint64_t width = 0;
    std::uint64_t feed_forward = 0;
    std::uint64_t heads = 0;
    std::uint64_t kv_heads = 0;
    std::uint64_t context = 0;  // trained
    std::uint64_t vocabulary = 0;
    std::string chat_template;
    std::string tokenizer_sha256;  // over every tokenizer.* key but the chat template
    std::string template_sha256;
    std::string main_type;  // the type that holds most weights
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(ModelSummary, architecture, name, parameters, file_bytes, tensor_bytes,
                                                bits_per_weight, layers, width, feed_forward, heads, kv_heads, context,
                                                vocabulary, chat_template, tokenizer_sha256, template_sha256, main_type)

// Throws an input error where the file has no architecture, no tokenizer or no layers: naming what is missing and that
// such a file cannot be run.
ModelSummary summarise(const GgufFile& file);

}  // namespace scale::model
