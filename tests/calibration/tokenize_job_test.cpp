#include "calibration/tokenize_job.h"

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/model.h"
#include "support/test_model.h"

namespace scale::calibration {
namespace {

using core::Json;
using testing::HasSubstr;

class TokenizeJobTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto model = test::test_model();
        if (!model) GTEST_SKIP() << "no test model";
        model_ = *model;
    }
    Json run(const std::vector<Json>& requests, int max_tokens = 64) {
        engine::QuietContext context;
        return tokenize_job({{"model", model_.string()}, {"max_tokens", max_tokens}, {"requests", requests}}, context);
    }
    static Json item(const Json& messages, const std::string& prompt, const std::string& answer) {
        return {{"id", "a"}, {"stratum", "s"}, {"messages", messages}, {"prompt", prompt}, {"answer", answer}};
    }
    std::filesystem::path model_;
};

TEST_F(TokenizeJobTest, UsesTheModelsTemplateAndEndsWithTheAnswer) {
    const Json asked = {{{"role", "user"}, {"content", "What is the capital of France?"}}};
    const Json result = run({item(asked, "", ""), item(asked, "", "It is Paris.")});
    ASSERT_EQ(result["sequences"].size(), 2u);
    const engine::Model model(model_, {.vocabulary_only = true});
    EXPECT_EQ(result["sequences"][0]["text"],
              model.apply_chat_template({{"user", "What is the capital of France?"}}, true));
    EXPECT_THAT(result["sequences"][1]["text"].get<std::string>(), HasSubstr("It is Paris."));
    EXPECT_GT(result["sequences"][1]["tokens"].size(), result["sequences"][0]["tokens"].size());
    EXPECT_EQ(result["has_template"], model.has_chat_template());
}

TEST_F(TokenizeJobTest, ACompletionIsPromptAndAnswer) {
    const Json result = run({item(Json::array(), "Once upon", " a time")});
    EXPECT_EQ(result["sequences"][0]["text"], "Once upon a time");
}

TEST_F(TokenizeJobTest, LongTextsAreCutAtTheTokenLimitWithoutBreakingCharacters) {
    std::string text;
    for (int i = 0; i < 4000; ++i) text += "\xc3\xa9\xe2\x82\xac ";
    const Json result = run({item(Json::array(), text, "")}, 16);
    EXPECT_EQ(result["sequences"][0]["tokens"].size(), 16u);
    EXPECT_LT(result["sequences"][0]["text"].get<std::string>().size(), text.size());
}

TEST_F(TokenizeJobTest, WhatIsTooShortIsRefusedWithItsReason) {
    const Json result = run({item(Json::array(), "", ""), item(Json::array(), "Hello there, you", "")});
    ASSERT_EQ(result["sequences"].size(), 1u);
    EXPECT_EQ(result["sequences"][0]["position"], 1);
    ASSERT_EQ(result["refused"].size(), 1u);
    EXPECT_EQ(result["refused"][0]["position"], 0);
    EXPECT_NE(result["refused"][0]["reason"], "");
}

}  // namespace
}  // namespace scale::calibration
