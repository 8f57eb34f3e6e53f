#include "model/huggingface/tokenizer/tokenizer_files.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "core/error.h"
#include "model/huggingface/config_values.h"

namespace scale::model {

namespace {

constexpr std::uint64_t largest_tokenizer = 64 << 20;
constexpr std::uint64_t largest_settings = 16 << 20;

core::Json read_object(const std::filesystem::path& file, std::uint64_t limit) {
    core::Json json = read_json_file(file, limit);
    if (!json.is_object())
        throw core::input_error(file.string() + ": is no JSON object", "the file of the released model",
                                "copy or download it again");
    return json;
}

}  // namespace

std::vector<AddedToken> TokenizerFiles::added_tokens() const {
    std::vector<AddedToken> tokens;
    if (tokenizer.is_null() || !tokenizer.contains("added_tokens")) return tokens;
    for (const core::Json& token : tokenizer["added_tokens"])
        tokens.push_back({token.at("id").get<std::uint64_t>(), token.at("content").get<std::string>(),
                          token.value("special", false)});
    return tokens;
}

TokenizerFiles read_tokenizer_files(const std::filesystem::path& folder) {
    TokenizerFiles files;
    files.folder = folder;
    if (std::filesystem::exists(folder / "tokenizer.json"))
        files.tokenizer = read_object(folder / "tokenizer.json", largest_tokenizer);
    files.settings = std::filesystem::exists(folder / "tokenizer_config.json")
                         ? read_object(folder / "tokenizer_config.json", largest_settings)
                         : core::Json::object();
    files.config = read_object(folder / "config.json", largest_settings);
    return files;
}

bool looks_special(std::string_view token) {
    constexpr std::array<std::string_view, 4> known{"<pad>", "<mask>", "<2mass>", "[@BOS@]"};
    return std::find(known.begin(), known.end(), token) != known.end() ||
           (token.starts_with("<|") && token.ends_with("|>")) || (token.starts_with("<｜") && token.ends_with("｜>")) ||
           (token.starts_with("<unused") && token.ends_with(">"));
}

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
    std::string result;
    std::size_t from = 0;
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, from)) {
        result.append(text.substr(from, at - from)).append(by);
        from = at + what.size();
    }
    return result.append(text.substr(from));
}

std::string with_plain_spaces(std::string_view token) {
    return replaced(token, "\u2581", " ");
}

}  // namespace scale::model
