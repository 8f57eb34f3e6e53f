#include "model/summary.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"
#include "core/hash.h"
#include "model/gguf_metadata.h"

namespace scale::model {

namespace {

constexpr std::string_view template_prefix = "tokenizer.chat_template";

[[noreturn]] void fail(const GgufFile& file, const std::string& found, const std::string& expected) {
    throw core::input_error(fmt::format("{}: {}, so the model cannot be run", file.path().string(), found), expected,
                            "use the complete model file that llama.cpp's converter writes");
}

// The largest element of an integer array: models with layers of different widths give one number a layer.
std::uint64_t largest_element(const GgufArray& array) {
    if (array.element_type != gguf_type::uint32 && array.element_type != gguf_type::int32) return 0;
    std::uint64_t largest = 0;
    for (std::uint64_t i = 0; i < array.count; ++i) {
        std::int32_t value = 0;
        std::memcpy(&value, array.bytes.data() + 4 * i, 4);
        if (value > 0) largest = std::max(largest, static_cast<std::uint64_t>(value));
    }
    return largest;
}

std::uint64_t size_value(const GgufFile& file, const std::string& key, std::uint64_t fallback = 0) {
    const auto found = file.metadata().find(key);
    if (found != file.metadata().end())
        if (const auto* array = std::get_if<GgufArray>(&found->second)) return largest_element(*array);
    return file.number(key, fallback);
}

std::uint64_t token_count(const GgufFile& file) {
    const auto found = file.metadata().find("tokenizer.ggml.tokens");
    if (found == file.metadata().end()) return 0;
    const auto* array = std::get_if<GgufArray>(&found->second);
    return array && array->element_type == gguf_type::text ? array->count : 0;
}

// Every part is written with its length before it, so that no two different values give the same bytes.
struct ValueHasher {
    core::Sha256& hash;

    void part(std::string_view bytes) const {
        const std::uint64_t size = bytes.size();
        hash.update(&size, sizeof size);
        hash.update(bytes);
    }
    void operator()(const std::string& value) const { part(value); }
    void operator()(const GgufArray& value) const {
        part(std::to_string(value.element_type));
        part({reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size()});
    }
    template <typename T>
    void operator()(T value) const {
        part({reinterpret_cast<const char*>(&value), sizeof value});
    }
};

std::string tokenizer_digest(const GgufFile& file) {
    core::Sha256 hash;
    const ValueHasher hasher{hash};
    for (const auto& [key, value] : file.metadata()) {
        if (!key.starts_with("tokenizer.") || key.starts_with(template_prefix)) continue;
        hasher.part(key);
        hasher.part(std::to_string(value.index()));
        std::visit(hasher, value);
    }
    return hash.hex();
}

std::string main_type(const GgufFile& file) {
    std::map<std::string_view, std::uint64_t> weights;
    for (const auto& tensor : file.tensors()) weights[tensor.type->name] += tensor.elements;
    const auto most = std::max_element(weights.begin(), weights.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == weights.end() ? std::string() : std::string(most->first);
}

void check_runnable(const GgufFile& file, const ModelSummary& summary) {
    if (file.text("tokenizer.ggml.model").empty() || summary.vocabulary == 0)
        fail(file, "has no tokenizer", "tokenizer.ggml.model and tokenizer.ggml.tokens in its metadata");
    if (summary.layers == 0)
        fail(file, "has no layers", fmt::format("{}.block_count of at least 1", summary.architecture));
    if (summary.width == 0)
        fail(file, "has no width", fmt::format("{}.embedding_length of at least 1", summary.architecture));
    if (file.tensors().empty()) fail(file, "has no tensors", "the model's weights");
}

}  // namespace

ModelSummary summarise(const GgufFile& file) {
    ModelSummary summary;
    summary.architecture = file.text("general.architecture");
    if (summary.architecture.empty()) fail(file, "names no architecture", "general.architecture in its metadata");
    if (!is_usable_name(summary.architecture))
        fail(file, "names the architecture " + shown(summary.architecture), "a printable name");
    const auto key = [&](const char* name) { return summary.architecture + "." + name; };
    summary.name = file.text("general.name");
    summary.parameters = file.parameters();
    summary.file_bytes = file.file_bytes();
    for (const auto& tensor : file.tensors()) summary.tensor_bytes += tensor.bytes;
    summary.layers = file.number(key("block_count"));
    summary.width = file.number(key("embedding_length"));
    summary.feed_forward = size_value(file, key("feed_forward_length"));
    summary.heads = size_value(file, key("attention.head_count"));
    summary.kv_heads = size_value(file, key("attention.head_count_kv"), summary.heads);
    summary.context = file.number(key("context_length"));
    summary.vocabulary = token_count(file);
    summary.chat_template = file.text(template_prefix);
    check_runnable(file, summary);
    summary.bits_per_weight = 8.0 * static_cast<double>(summary.tensor_bytes) / static_cast<double>(summary.parameters);
    summary.tokenizer_sha256 = tokenizer_digest(file);
    if (!summary.chat_template.empty()) summary.template_sha256 = core::sha256_hex(summary.chat_template);
    summary.main_type = main_type(file);
    return summary;
}

}  // namespace scale::model
