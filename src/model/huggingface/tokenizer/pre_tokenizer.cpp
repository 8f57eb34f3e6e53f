#include "model/huggingface/tokenizer/pre_tokenizer.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "core/error.h"

namespace scale::model {

namespace {

// A split before the bytes are mapped, as the models' authors wrote it.
struct KnownSplit {
    std::string_view pattern;
    bool ignores_merges;  // a word that is a token is taken whole
    std::string_view name;
};

constexpr std::string_view llama3_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view qwen2_pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

constexpr std::array known_splits{
    KnownSplit{llama3_pattern, true, "llama-bpe"},
    KnownSplit{llama3_pattern, false, "smaug-bpe"},
    KnownSplit{qwen2_pattern, false, "qwen2"},
};

[[noreturn]] void refuse(const std::string& source, const std::string& found) {
    throw core::input_error(fmt::format("{}: {} is not recognised", source, found),
                            "a byte-level BPE tokenizer split as Llama 3's, Qwen 2's, SmolLM's or GPT-2's",
                            "convert the model with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead");
}

std::string brief(const core::Json& value) {
    const std::string text = value.dump(-1, ' ', true, core::Json::error_handler_t::replace);
    return text.size() <= 160 ? text : text.substr(0, 160) + "…";
}

bool is_type(const core::Json& part, const char* type) {
    return part.is_object() && part.value("type", "") == type;
}

bool is_byte_level(const core::Json& part, bool splits_itself) {
    return is_type(part, "ByteLevel") && !part.value("add_prefix_space", true) &&
           part.value("use_regex", true) == splits_itself;
}

const KnownSplit* known_split(const core::Json& part, bool ignores_merges) {
    if (!is_type(part, "Split") || part.value("behavior", "") != "Isolated" || part.value("invert", false))
        return nullptr;
    const core::Json pattern = part.value("pattern", core::Json::object());
    const std::string expression = pattern.is_object() ? pattern.value("Regex", "") : "";
    for (const KnownSplit& split : known_splits)
        if (split.pattern == expression && split.ignores_merges == ignores_merges) return &split;
    return nullptr;
}

std::string name_of(const core::Json& pre_tokenizer, bool ignores_merges) {
    if (is_byte_level(pre_tokenizer, true) && !ignores_merges) return "gpt-2";
    if (!is_type(pre_tokenizer, "Sequence")) return "";
    const core::Json parts = pre_tokenizer.value("pretokenizers", core::Json::array());
    if (parts.size() != 2) return "";
    if (is_type(parts[0], "Digits") && parts[0].value("individual_digits", false) && is_byte_level(parts[1], true) &&
        !ignores_merges)
        return "smollm";
    const KnownSplit* split = known_split(parts[0], ignores_merges);
    return split && is_byte_level(parts[1], false) ? std::string(split->name) : "";
}

}  // namespace

std::string recognised_pre_tokenizer(const core::Json& tokenizer, const std::string& source) {
    const core::Json normaliser = tokenizer.value("normalizer", core::Json());
    if (!normaliser.is_null() && !is_type(normaliser, "NFC")) refuse(source, "the normalizer " + brief(normaliser));
    const core::Json pre_tokenizer = tokenizer.value("pre_tokenizer", core::Json());
    const bool ignores_merges = tokenizer.at("model").value("ignore_merges", false);
    const std::string name = name_of(pre_tokenizer, ignores_merges);
    if (name.empty())
        refuse(source, fmt::format("the pre_tokenizer {}{}", brief(pre_tokenizer),
                                   ignores_merges ? " with ignore_merges" : ""));
    return name;
}

}  // namespace scale::model
