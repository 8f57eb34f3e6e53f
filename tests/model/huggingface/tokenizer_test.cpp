#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "model/huggingface/tokenizer/pre_tokenizer.h"
#include "model/huggingface/tokenizer/sentencepiece_model.h"
#include "model/huggingface/tokenizer/vocabulary.h"
#include "support/folder_builder.h"
#include "support/gguf_builder.h"

namespace scale::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Architecture architecture_of(const char* class_name, std::uint64_t vocabulary) {
    Architecture architecture;
    architecture.family = &family(class_name, "test");
    architecture.vocabulary = vocabulary;
    return architecture;
}

// A tokenizer.json with these parts around a vocabulary of byte-level BPE.
core::Json bpe(const core::Json& pre_tokenizer, bool ignore_merges = false) {
    return {{"normalizer", nullptr},
            {"pre_tokenizer", pre_tokenizer},
            {"post_processor", nullptr},
            {"added_tokens",
             {{{"id", 4}, {"content", "<|end|>"}, {"special", true}},
              {{"id", 5}, {"content", "\u2581plain"}, {"special", false}}}},
            {"model",
             {{"type", "BPE"},
              {"ignore_merges", ignore_merges},
              {"vocab", {{"a", 0}, {"b", 1}, {"ab", 2}, {"\u0120", 3}}},
              {"merges", {"a b"}}}}};
}

core::Json byte_level(bool use_regex) {
    return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

core::Json split(const std::string& pattern) {
    return {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}, {"invert", false}},
              byte_level(false)}}};
}

const std::string qwen2 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
    "\\s+(?!\\S)|\\s+";
const std::string llama3 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
    "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|"
    "\\s+(?!\\S)|\\s+";

TEST(PreTokenizer, IsRecognisedByItsStructure) {
    EXPECT_EQ(recognised_pre_tokenizer(bpe(byte_level(true)), "t"), "gpt-2");
    EXPECT_EQ(recognised_pre_tokenizer(bpe(split(qwen2)), "t"), "qwen2");
    EXPECT_EQ(recognised_pre_tokenizer(bpe(split(llama3), true), "t"), "llama-bpe");
    EXPECT_EQ(recognised_pre_tokenizer(bpe(split(llama3), false), "t"), "smaug-bpe");
    const core::Json digits{{"type", "Digits"}, {"individual_digits", true}};
    EXPECT_EQ(recognised_pre_tokenizer(bpe({{"type", "Sequence"}, {"pretokenizers", {digits, byte_level(true)}}}), "t"),
              "smollm");
    core::Json normalised = bpe(split(qwen2));
    normalised["normalizer"] = {{"type", "NFC"}};
    EXPECT_EQ(recognised_pre_tokenizer(normalised, "t"), "qwen2");
}

TEST(PreTokenizer, WhatIsNearlyKnownIsRefused) {
    const auto refused = [](const core::Json& tokenizer) {
        EXPECT_THAT([&] { recognised_pre_tokenizer(tokenizer, "t"); },
                    testing::Throws<core::Error>(testing::Property(&core::Error::found, HasSubstr("not recognised"))))
            << tokenizer.dump();
    };
    refused(bpe(nullptr));
    refused(bpe(split(qwen2 + "|x")));
    refused(bpe(split(qwen2), true));
    refused(bpe(byte_level(true), true));
    refused(bpe(byte_level(false)));
    core::Json prefixed = byte_level(true);
    prefixed["add_prefix_space"] = true;
    refused(bpe(prefixed));
    core::Json removed = split(qwen2);
    removed["pretokenizers"][0]["behavior"] = "Removed";
    refused(bpe(removed));
    core::Json lowercased = bpe(split(qwen2));
    lowercased["normalizer"] = {{"type", "Lowercase"}};
    refused(lowercased);
    const core::Json digits{{"type", "Digits"}, {"individual_digits", false}};
    refused(bpe({{"type", "Sequence"}, {"pretokenizers", {digits, byte_level(true)}}}));
}

class TokenizerFolder : public testing::Test {
  protected:
    void write(const char* name, const core::Json& json) {
        core::write_file_atomic(folder_.path() / name, json.dump());
    }

    Vocabulary read(const char* class_name, std::uint64_t rows) {
        if (!std::filesystem::exists(folder_.path() / "config.json")) write("config.json", core::Json::object());
        return read_vocabulary(folder_.path(), architecture_of(class_name, rows));
    }

    core::TemporaryFolder folder_;
};

TEST_F(TokenizerFolder, BpeTokensMergesAndKinds) {
    core::Json tokenizer = bpe(split(qwen2));
    tokenizer["model"]["merges"] = {"a b", {" ", "b"}};
    write("tokenizer.json", tokenizer);
    const Vocabulary vocabulary = read("Qwen2ForCausalLM", 7);
    EXPECT_EQ(vocabulary.model, "gpt2");
    EXPECT_EQ(vocabulary.pre, "qwen2");
    EXPECT_THAT(vocabulary.tokens, ElementsAre("a", "b", "ab", "\u0120", "<|end|>", " plain", "[PAD6]"));
    EXPECT_THAT(vocabulary.kinds,
                ElementsAre(TokenKind::normal, TokenKind::normal, TokenKind::normal, TokenKind::normal,
                            TokenKind::control, TokenKind::user_defined, TokenKind::unused));
    EXPECT_THAT(vocabulary.merges, ElementsAre("a b", "\u0120 b"));
    EXPECT_TRUE(vocabulary.scores.empty());
}

TEST_F(TokenizerFolder, SpecialTokensComeFromTheirNamesThenFromConfig) {
    core::Json tokenizer = bpe(split(llama3), true);
    tokenizer["post_processor"] = {
        {"type", "Sequence"},
        {"processors",
         {{{"type", "ByteLevel"}},
          {{"type", "TemplateProcessing"},
           {"single", {{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}}, {{"Sequence", {{"id", "A"}}}}}}}}}};
    write("tokenizer.json", tokenizer);
    write("tokenizer_config.json", {{"bos_token", {{"content", "<|end|>"}}},
                                    {"eos_token", "missing"},
                                    {"add_eos_token", true},
                                    {"chat_template", "{{ messages }}"}});
    write("config.json", {{"bos_token_id", 1}, {"eos_token_id", {2, 3}}, {"pad_token_id", 2}, {"unk_token_id", 700}});
    const Vocabulary vocabulary = read("LlamaForCausalLM", 6);
    EXPECT_THAT(vocabulary.special_ids, ElementsAre(testing::Pair("bos", 4u), testing::Pair("pad", 2u)));
    // The post-processor decides; add_eos_token cannot contradict it.
    EXPECT_THAT(vocabulary.added, ElementsAre(testing::Pair("bos", true), testing::Pair("eos", false)));
    EXPECT_EQ(vocabulary.chat_template, "{{ messages }}");
}

TEST_F(TokenizerFolder, AChatTemplateMayHaveAFileOfItsOwn) {
    write("tokenizer.json", bpe(byte_level(true)));
    core::write_file_atomic(folder_.path() / "chat_template.jinja", "from the file");
    EXPECT_EQ(read("LlamaForCausalLM", 6).chat_template, "from the file");
    write("tokenizer_config.json",
          {{"chat_template", {{{"name", "tool"}, {"template", "t"}}, {{"name", "default"}, {"template", "d"}}}}});
    EXPECT_EQ(read("LlamaForCausalLM", 6).chat_template, "d");
}

TEST_F(TokenizerFolder, BpeFilesOfAnotherModelAreRefused) {
    write("tokenizer.json", bpe(byte_level(true)));
    EXPECT_THROW(read("LlamaForCausalLM", 5), core::Error);  // a token beyond the embedding
    core::Json twice = bpe(byte_level(true));
    twice["model"]["vocab"]["c"] = 1;
    write("tokenizer.json", twice);
    EXPECT_THROW(read("LlamaForCausalLM", 6), core::Error);
    core::Json taken = bpe(byte_level(true));
    taken["added_tokens"][0]["id"] = 2;
    write("tokenizer.json", taken);
    EXPECT_THROW(read("LlamaForCausalLM", 6), core::Error);
    core::Json wordpiece = bpe(byte_level(true));
    wordpiece["model"]["type"] = "WordPiece";
    write("tokenizer.json", wordpiece);
    EXPECT_THROW(read("LlamaForCausalLM", 6), core::Error);
    for (const char* damage : {"{}", "{\"model\": 3}", "[]", "{\"model\": {\"type\": \"BPE\"}}"}) {
        core::write_file_atomic(folder_.path() / "tokenizer.json", damage);
        EXPECT_THROW(read("LlamaForCausalLM", 6), core::Error) << damage;
    }
}

TEST_F(TokenizerFolder, SentencePieceTokensScoresAndKinds) {
    core::write_file_atomic(folder_.path() / "tokenizer.model", test::small_tokenizer());
    write("added_tokens.json", {{"<extra>", 7}, {"<beyond>", 99}});
    write("tokenizer_config.json",
          {{"added_tokens_decoder",
            {{"2", {{"content", "</s>"}, {"special", true}}}, {"8", {{"content", "\u2581x"}, {"special", false}}}}}});
    const Vocabulary vocabulary = read("LlamaForCausalLM", 10);
    EXPECT_EQ(vocabulary.model, "llama");
    EXPECT_EQ(vocabulary.pre, "default");
    EXPECT_THAT(vocabulary.tokens,
                ElementsAre("<unk>", "<s>", "</s>", "\n", "<0x00>", "\u2581a", "b", "<extra>", " x", "[PAD9]"));
    EXPECT_THAT(vocabulary.scores, ElementsAre(0, 0, -1000, 0, 0, -1.5F, -2.5F, -1000, -1000, -10000));
    EXPECT_THAT(vocabulary.kinds, ElementsAre(TokenKind::unknown, TokenKind::control, TokenKind::control,
                                              TokenKind::normal, TokenKind::byte, TokenKind::normal, TokenKind::normal,
                                              TokenKind::user_defined, TokenKind::user_defined, TokenKind::unused));
}

TEST(SentencePieceModel, HostileBytesAreRefused) {
    const auto refused = [](const std::string& bytes) {
        EXPECT_THROW(read_sentencepiece(test::as_bytes(bytes), "t"), core::Error) << testing::PrintToString(bytes);
    };
    refused("");
    refused("\x0a\x7f");                                          // a length past the end
    refused("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");      // a length of exabytes
    refused("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");  // an overlong number
    refused("\x0b\x01");                                          // a group
    refused(test::piece("x", 0, 7));                              // an unknown kind
    const std::string whole = test::small_tokenizer();
    for (std::size_t length = 1; length < whole.size() - 4; ++length) {
        try {
            const std::string cut = whole.substr(0, length);
            EXPECT_LT(read_sentencepiece(test::as_bytes(cut), "t").pieces.size(), 8u);
        } catch (const core::Error&) {
        }
    }
    EXPECT_TRUE(
        read_sentencepiece(test::as_bytes(whole + std::string("\x1a\x03\x12\x01x", 5)), "t").rewrites_characters);
    EXPECT_FALSE(read_sentencepiece(test::as_bytes(whole), "t").rewrites_characters);
}

}  // namespace
}  // namespace scale::model
