#include "model/huggingface/tokenizer/sentencepiece_vocabulary.h"

#include <charconv>

#include <fmt/format.h>

#include "core/error.h"
#include "core/file.h"
#include "model/gguf_metadata.h"
#include "model/huggingface/config_values.h"
#include "model/huggingface/tokenizer/sentencepiece_model.h"

namespace scale::model {

namespace {

constexpr std::uint64_t bpe = 2;  // TrainerSpec.ModelType
constexpr std::uint64_t largest_settings = 16 << 20;
constexpr float score_of_unused = -10000;
constexpr float score_of_added = -1000;

class Builder {
  public:
    Builder(const TokenizerFiles& files, const Architecture& architecture, Vocabulary& vocabulary)
        : files_(files), is_phi3_(architecture.family->gguf == "phi3"), vocabulary_(vocabulary) {
        const auto count = static_cast<std::size_t>(architecture.vocabulary);
        vocabulary_.scores.assign(count, score_of_unused);
        vocabulary_.kinds.assign(count, TokenKind::unused);
        vocabulary_.tokens.resize(count);
        for (std::size_t i = 0; i < count; ++i) vocabulary_.tokens[i] = fmt::format("[PAD{}]", i);
    }

    void put_pieces(const SentencePieceModel& model, const std::string& source) {
        if (model.pieces.size() > vocabulary_.tokens.size())
            throw core::input_error(fmt::format("{}: has {} pieces, and the embedding {} rows", source,
                                                model.pieces.size(), vocabulary_.tokens.size()),
                                    "a tokenizer of this model", "copy tokenizer.model and config.json of one model");
        for (std::size_t id = 0; id < model.pieces.size(); ++id) {
            const SentencePiece& piece = model.pieces[id];
            vocabulary_.tokens[id] = piece.text;
            vocabulary_.scores[id] = piece.score;
            // Pieces that users defined are ordinary to the engine unless a file of the tokenizer adds them.
            const auto kind = static_cast<TokenKind>(piece.kind);
            vocabulary_.kinds[id] = kind == TokenKind::user_defined ? TokenKind::normal : kind;
        }
    }

    void put_added() {
        const std::filesystem::path file = files_.folder / "added_tokens.json";
        const core::Json added =
            std::filesystem::exists(file) ? read_json_file(file, largest_settings) : core::Json::object();
        for (const auto& [content, id] : added.items()) put(id.get<std::uint64_t>(), content, TokenKind::user_defined);
        const core::Json decoder = files_.settings.value("added_tokens_decoder", core::Json::object());
        for (const auto& [number, token] : decoder.items()) {
            std::uint64_t id = 0;
            const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), id);
            if (failure != std::errc() || end != number.data() + number.size())
                throw core::input_error(fmt::format("{}: added_tokens_decoder has the key {}",
                                                    (files_.folder / "tokenizer_config.json").string(), shown(number)),
                                        "token numbers", "copy the file again");
            put_decoded(id, token.at("content").get<std::string>(), token.value("special", false));
        }
        if (!is_phi3_) return;
        for (const AddedToken& token : files_.added_tokens()) put_decoded(token.id, token.content, token.special);
    }

  private:
    void put_decoded(std::uint64_t id, const std::string& content, bool special) {
        const bool control = special || (!is_phi3_ && looks_special(content));
        put(id, control || is_phi3_ ? content : with_plain_spaces(content),
            control ? TokenKind::control : TokenKind::user_defined);
    }

    void put(std::uint64_t id, const std::string& content, TokenKind kind) {
        if (id >= vocabulary_.tokens.size()) return;  // beyond the embedding: the model cannot be given it
        vocabulary_.tokens[id] = content;
        vocabulary_.scores[id] = score_of_added;
        vocabulary_.kinds[id] = kind;
    }

    const TokenizerFiles& files_;
    bool is_phi3_;
    Vocabulary& vocabulary_;
};

}  // namespace

void read_sentencepiece_vocabulary(const TokenizerFiles& files, const Architecture& architecture,
                                   Vocabulary& vocabulary) {
    const std::filesystem::path file = files.folder / "tokenizer.model";
    const core::MappedFile map(file);
    const SentencePieceModel model = read_sentencepiece(map.bytes(), file.string());
    if (model.algorithm != bpe)
        throw core::input_error(
            fmt::format("{}: its algorithm has the number {} (unigram is 1)", file.string(), model.algorithm),
            "SentencePiece BPE (2)",
            "convert the model with llama.cpp's convert_hf_to_gguf.py and name the GGUF file instead");
    if (model.rewrites_characters)
        vocabulary.notes.emplace_back("the tokenizer replaces some characters before it splits; the engine does not");
    vocabulary.model = "llama";
    vocabulary.pre = "default";
    Builder builder(files, architecture, vocabulary);
    builder.put_pieces(model, file.string());
    builder.put_added();
    const core::Json prefix = files.settings.value("add_prefix_space", core::Json());
    if (architecture.family->gguf == "llama" && prefix.is_boolean()) vocabulary.space_prefix = prefix.get<bool>();
    if (architecture.family->norms_plus_one) vocabulary.space_prefix = false;  // Gemma
}

}  // namespace scale::model
