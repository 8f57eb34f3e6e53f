#include "engine/model.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "engine/session.h"
#include "support/test_model.h"

namespace scale::engine {
namespace {

using testing::HasSubstr;

class ModelTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto path = test::test_model();
        if (!path) GTEST_SKIP() << "no test model";
        model_.emplace(*path);
    }
    std::optional<Model> model_;
};

TEST_F(ModelTest, TokensRoundTripThroughText) {
    const std::string text = "The quick brown fox, naïve café: 12 + 30 = 42.\n\tDone 😀";
    EXPECT_EQ(model_->detokenize(model_->tokenize(text, false, false)), text);
    EXPECT_TRUE(model_->tokenize("", false, false).empty());
}

TEST_F(ModelTest, SpellsOutSpecialTokensThatAUserWrote) {
    const auto special = model_->tokenize("<|im_start|>", false, true);
    const auto spelled = model_->tokenize("<|im_start|>", false, false);
    if (special.size() != 1) GTEST_SKIP() << "the model has no such token";
    EXPECT_GT(spelled.size(), 1u);
    EXPECT_EQ(model_->detokenize(special), "<|im_start|>");
}

TEST_F(ModelTest, LongTextsHaveManyTokens) {
    std::string text;
    for (int i = 0; i < 20000; ++i) text += "a1 ";
    EXPECT_EQ(model_->detokenize(model_->tokenize(text, false, false)), text);
}

TEST_F(ModelTest, AppliesTheChatTemplate) {
    const std::vector<ChatMessage> messages = {{"system", "Be brief."}, {"user", "Name a colour."}};
    const std::string open = model_->apply_chat_template(messages, true);
    const std::string closed = model_->apply_chat_template(messages, false);
    EXPECT_THAT(open, HasSubstr("Be brief."));
    EXPECT_THAT(open, HasSubstr("Name a colour."));
    EXPECT_TRUE(open.starts_with(closed.substr(0, closed.size() / 2)));
    EXPECT_GT(open.size(), closed.size());
}

TEST_F(ModelTest, StatesItsSizes) {
    EXPECT_GT(model_->vocabulary(), 100);
    EXPECT_GT(model_->layers(), 0);
    EXPECT_GT(model_->trained_context(), 0);
    EXPECT_FALSE(model_->is_end_of_generation(model_->tokenize("a", false, false).front()));
}

TEST_F(ModelTest, OpensForTheVocabularyOnly) {
    const Model vocabulary(model_->path(), {.vocabulary_only = true});
    EXPECT_EQ(vocabulary.vocabulary(), model_->vocabulary());
    EXPECT_EQ(vocabulary.layers(), model_->layers());
    EXPECT_EQ(vocabulary.tokenize("Hello there", true, false), model_->tokenize("Hello there", true, false));
    EXPECT_THROW(Session(vocabulary, {}), core::Error);
}

TEST_F(ModelTest, RefusesTokensOutsideTheVocabulary) {
    const std::vector<Token> bad = {model_->vocabulary()};
    EXPECT_THROW(model_->detokenize(bad), core::Error);
}

TEST(Model, RefusesWhatIsNotAModel) {
    core::TemporaryFolder folder;
    const auto path = folder.path() / "a.gguf";
    EXPECT_THROW(Model{path}, core::Error);
    std::ofstream(path) << "not a model at all, but long enough to hold a header";
    EXPECT_THROW(Model{path}, core::Error);
}

TEST(Engine, NamesItsVersionAndPrograms) {
    EXPECT_TRUE(engine_version().starts_with("llama.cpp "));
    EXPECT_TRUE(std::filesystem::exists(engine_programs() / "llama-server"));
}

}  // namespace
}  // namespace scale::engine
