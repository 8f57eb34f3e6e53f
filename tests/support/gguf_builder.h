// Writes GGUF files field by field, right or deliberately wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace scale::test {

// The little-endian bytes of a number.
template <typename T>
std::string raw(T value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

// A GGUF text: its length, then its bytes.
inline std::string raw_text(std::string_view text) {
    return raw(std::uint64_t{text.size()}) + std::string(text);
}

inline std::string raw_texts(const std::vector<std::string>& texts) {
    std::string bytes = raw(std::uint32_t{8}) + raw(std::uint64_t{texts.size()});
    for (const auto& text : texts) bytes += raw_text(text);
    return bytes;
}

inline std::span<const std::byte> as_bytes(const std::string& text) {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

class GgufBuilder {
  public:
    // What goes wrong on purpose; the builder computes what is left empty.
    std::string magic = "GGUF";
    std::uint32_t version = 3;
    std::uint64_t alignment = 32;
    std::optional<std::uint64_t> claimed_tensors;
    std::optional<std::uint64_t> claimed_pairs;

    GgufBuilder& pair(std::string_view key, std::uint32_t type, const std::string& value) {
        pairs_.push_back({std::string(key), raw_text(key) + raw(type) + value});
        return *this;
    }
    GgufBuilder& text(std::string_view key, std::string_view value) { return pair(key, 8, raw_text(value)); }
    GgufBuilder& number(std::string_view key, std::uint32_t value) { return pair(key, 4, raw(value)); }
    GgufBuilder& array(std::string_view key, std::uint32_t type, std::uint64_t count, const std::string& elements) {
        return pair(key, 9, raw(type) + raw(count) + elements);
    }

    // Appends a tensor of `bytes` data bytes; `offset` (of the data section) is the next free place unless given.
    GgufBuilder& tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
                        std::uint64_t bytes, std::optional<std::uint64_t> offset = {}) {
        data_.resize((data_.size() + alignment - 1) / alignment * alignment, '\0');
        infos_ += raw_text(name) + raw(static_cast<std::uint32_t>(shape.size()));
        for (const std::uint64_t length : shape) infos_ += raw(length);
        infos_ += raw(type) + raw(offset.value_or(data_.size()));
        for (std::uint64_t i = 0; i < bytes; ++i) data_ += static_cast<char>(i * 37 + tensors_);
        ++tensors_;
        return *this;
    }
    // The same with these data bytes.
    GgufBuilder& tensor(std::string_view name, std::uint32_t type, const std::vector<std::uint64_t>& shape,
                        const std::string& data) {
        tensor(name, type, shape, data.size());
        data_.replace(data_.size() - data.size(), data.size(), data);
        return *this;
    }
    GgufBuilder& drop(std::string_view key) {
        std::erase_if(pairs_, [&](const Pair& pair) { return pair.key == key; });
        return *this;
    }

    std::string build() const {
        std::string file =
            magic + raw(version) + raw(claimed_tensors.value_or(tensors_)) + raw(claimed_pairs.value_or(pairs_.size()));
        for (const auto& pair : pairs_) file += pair.bytes;
        file += infos_;
        file.resize((file.size() + alignment - 1) / alignment * alignment, '\0');
        return file + data_;
    }

  private:
    struct Pair {
        std::string key;
        std::string bytes;
    };
    std::vector<Pair> pairs_;
    std::string infos_;
    std::string data_;
    std::uint64_t tensors_ = 0;
};

// The metadata of a small model that model::summarise accepts, without tensors.
inline GgufBuilder small_metadata() {
    GgufBuilder builder;
    builder.text("general.architecture", "llama").text("general.name", "small");
    builder.number("llama.block_count", 2).number("llama.embedding_length", 64).number("llama.context_length", 128);
    builder.number("llama.feed_forward_length", 96).number("llama.attention.head_count", 4);
    builder.number("llama.attention.head_count_kv", 2);
    builder.text("tokenizer.ggml.model", "gpt2").text("tokenizer.chat_template", "{{ messages }}");
    builder.pair("tokenizer.ggml.tokens", 9, raw_texts({"a", "b", "\xff"}));
    builder.array("tokenizer.ggml.scores", 6, 3, raw(0.0F) + raw(-1.0F) + raw(-2.0F));
    return builder;
}

// The same with three tensors: F32 64 × 3, Q8_0 64 × 2, F16 5.
inline GgufBuilder small_model() {
    GgufBuilder builder = small_metadata();
    builder.tensor("token_embd.weight", 0, {64, 3}, 64 * 3 * 4);
    builder.tensor("blk.0.attn_q.weight", 8, {64, 2}, 2 * 2 * 34);
    builder.tensor("output_norm.weight", 1, {5}, 10);
    return builder;
}

}  // namespace scale::test
