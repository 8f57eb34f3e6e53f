#include "model/huggingface/tokenizer/bpe_vocabulary.h"

#include <fmt/format.h>

#include "core/error.h"
#include "model/gguf_metadata.h"
#include "model/huggingface/tokenizer/pre_tokenizer.h"

namespace scale::model {

namespace {

class Builder {
  public:
    Builder(const TokenizerFiles& files, const Architecture& architecture, Vocabulary& vocabulary)
        : files_(files), source_((files.folder / "tokenizer.json").string()), vocabulary_(vocabulary) {
        const auto count = static_cast<std::size_t>(architecture.vocabulary);
        vocabulary_.tokens.resize(count);
        vocabulary_.kinds.assign(count, TokenKind::unused);
        for (std::size_t i = 0; i < count; ++i) vocabulary_.tokens[i] = fmt::format("[PAD{}]", i);
    }

    void put_vocabulary(const core::Json& vocabulary) {
        for (const auto& [token, number] : vocabulary.items()) {
            const auto id = number.get<std::uint64_t>();
            require_row(id, token);
            if (vocabulary_.kinds[id] != TokenKind::unused)
                fail(fmt::format("the tokens {} and {} have the number {}", shown(vocabulary_.tokens[id]), shown(token),
                                 id));
            vocabulary_.tokens[id] = token;
            vocabulary_.kinds[id] = TokenKind::normal;
        }
    }

    void put_added() {
        for (const AddedToken& token : files_.added_tokens()) {
            require_row(token.id, token.content);
            if (vocabulary_.kinds[token.id] == TokenKind::normal && vocabulary_.tokens[token.id] != token.content)
                fail(fmt::format("the added token {} has the number of {}", shown(token.content),
                                 shown(vocabulary_.tokens[token.id])));
            const bool control = token.special || looks_special(token.content);
            vocabulary_.tokens[token.id] = control ? token.content : with_plain_spaces(token.content);
            vocabulary_.kinds[token.id] = control ? TokenKind::control : TokenKind::user_defined;
        }
    }

    void put_merges(const core::Json& merges) {
        for (const core::Json& merge : merges) {
            if (merge.is_string()) {
                vocabulary_.merges.push_back(merge.get<std::string>());
                continue;
            }
            if (!merge.is_array() || merge.size() != 2) fail("a merge is neither a text nor a pair");
            vocabulary_.merges.push_back(mapped_spaces(merge[0].get<std::string>()) + " " +
                                         mapped_spaces(merge[1].get<std::string>()));
        }
    }

  private:
    [[noreturn]] void fail(const std::string& found) const {
        throw core::input_error(fmt::format("{}: {}", source_, found), "the tokenizer of this model",
                                "copy tokenizer.json and config.json of one model");
    }

    void require_row(std::uint64_t id, const std::string& token) const {
        if (id >= vocabulary_.tokens.size())
            fail(fmt::format("the token {} has the number {}, and the embedding {} rows", shown(token), id,
                             vocabulary_.tokens.size()));
    }

    // A pair is stored as one text with a space between: a space inside is written as byte-level BPE writes it.
    static std::string mapped_spaces(const std::string& part) { return replaced(part, " ", "\u0120"); }

    const TokenizerFiles& files_;
    std::string source_;
    Vocabulary& vocabulary_;
};

}  // namespace

void read_bpe_vocabulary(const TokenizerFiles& files, const Architecture& architecture, Vocabulary& vocabulary) {
    const std::string source = (files.folder / "tokenizer.json").string();
    const core::Json& model = files.tokenizer.at("model");
    if (model.value("type", "") != "BPE" || model.value("byte_fallback", false))
        throw core::input_error(
            fmt::format("{}: a tokenizer of type '{}'{}, and there is no tokenizer.model", source,
                        model.value("type", "").substr(0, 40),
                        model.value("byte_fallback", false) ? " with byte_fallback" : ""),
            "byte-level BPE, or SentencePiece's tokenizer.model",
            "copy tokenizer.model of the released model, or convert with llama.cpp's convert_hf_to_gguf.py");
    vocabulary.model = "gpt2";
    vocabulary.pre = recognised_pre_tokenizer(files.tokenizer, source);
    Builder builder(files, architecture, vocabulary);
    builder.put_vocabulary(model.at("vocab"));
    builder.put_added();
    builder.put_merges(model.at("merges"));
}

}  // namespace scale::model
