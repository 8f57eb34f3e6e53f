#include "model/huggingface/tokenizer/special_tokens.h"

#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "model/huggingface/config_values.h"

namespace scale::model {

namespace {

namespace fs = std::filesystem;

constexpr std::array kinds{"bos", "eos", "unk", "sep", "pad", "mask"};
constexpr std::uint64_t largest_template = 4 << 20;

// tokenizer_config.json names a token by its text or by an object that holds it.
std::string named_token(const core::Json& settings, const std::string& kind) {
    const core::Json entry = settings.value(kind + "_token", core::Json());
    if (entry.is_string()) return entry.get<std::string>();
    return entry.is_object() ? entry.value("content", "") : "";
}

std::string special_in(const core::Json& piece) {
    return piece.contains("SpecialToken") ? piece["SpecialToken"].value("id", "") : "";
}

void read_template(const core::Json& processor, const core::Json& settings, const std::string& source,
                   std::map<std::string, bool>& added) {
    const core::Json single = processor.value("single", core::Json::array());
    if (single.size() < 2) return;
    const auto place = [&](const core::Json& piece, const char* kind) {
        const std::string token = special_in(piece);
        if (token.empty()) return;
        const std::string named = named_token(settings, kind);
        if (!named.empty() && token != named)
            throw core::input_error(
                fmt::format("{}: the post_processor puts in {} where {}_token is {}", source, token, kind, named),
                "the tokens that tokenizer_config.json names",
                "convert the model with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead");
        added[kind] = true;
    };
    place(single.front(), "bos");
    place(single.back(), "eos");
}

void read_post_processor(const TokenizerFiles& files, std::map<std::string, bool>& added) {
    if (files.tokenizer.is_null()) return;
    const core::Json processor = files.tokenizer.value("post_processor", core::Json());
    if (processor.is_null()) return;
    const std::string source = (files.folder / "tokenizer.json").string();
    const core::Json list = processor.value("processors", core::Json::array({processor}));
    for (const core::Json& one : list) {
        const std::string type = one.value("type", "");
        if (type == "ByteLevel") {
            added.emplace("bos", false);
            added.emplace("eos", false);
        } else if (type == "TemplateProcessing") {
            read_template(one, files.settings, source, added);
        } else {
            throw core::input_error(fmt::format("{}: the post_processor has the type '{}'", source, type.substr(0, 40)),
                                    "ByteLevel or TemplateProcessing",
                                    "convert the model with llama.cpp's convert_hf_to_gguf.py and name the GGUF file");
        }
    }
}

void read_ids(const TokenizerFiles& files, Vocabulary& vocabulary) {
    const std::vector<AddedToken> added = files.added_tokens();
    for (const char* kind : kinds) {
        const std::string content = named_token(files.settings, kind);
        if (content.empty()) continue;
        for (const AddedToken& token : added)
            if (token.content == content && token.id < vocabulary.tokens.size()) {
                vocabulary.special_ids.emplace(kind, token.id);
                break;
            }
    }
    for (const char* kind : kinds) {
        const core::Json id = files.config.value(std::string(kind) + "_token_id", core::Json());
        if (id.is_number_unsigned() && id.get<std::uint64_t>() < vocabulary.tokens.size())
            vocabulary.special_ids.emplace(kind, id.get<std::uint64_t>());
    }
}

// A single template, or the one named "default" of several.
std::string template_in(const core::Json& value) {
    if (value.is_string()) return value.get<std::string>();
    if (!value.is_array()) return "";
    for (const core::Json& one : value)
        if (one.value("name", "") == "default") return one.value("template", "");
    return "";
}

std::string read_chat_template(const TokenizerFiles& files) {
    if (files.settings.contains("chat_template")) return template_in(files.settings["chat_template"]);
    const fs::path jinja = files.folder / "chat_template.jinja";
    if (fs::exists(jinja)) return core::read_file(jinja, largest_template);
    const fs::path json = files.folder / "chat_template.json";
    return fs::exists(json) ? read_json_file(json, largest_template).value("chat_template", "") : "";
}

}  // namespace

void read_special_tokens(const TokenizerFiles& files, Vocabulary& vocabulary) {
    read_post_processor(files, vocabulary.added);
    for (const char* kind : {"bos", "eos", "sep"}) {
        const core::Json flag = files.settings.value(fmt::format("add_{}_token", kind), core::Json());
        if (flag.is_boolean()) vocabulary.added.emplace(kind, flag.get<bool>());
    }
    read_ids(files, vocabulary);
    vocabulary.chat_template = read_chat_template(files);
}

}  // namespace scale::model
