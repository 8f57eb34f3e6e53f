#include "choice/endpoint/prompts.h"

#include <set>

#include <gtest/gtest.h>

#include "engine/model.h"
#include "support/test_model.h"

namespace scale::choice {
namespace {

std::vector<Prompt> prompts(const PromptsWanted& wanted) {
    engine::QuietContext context;
    return prompts_job(wanted, context).at("prompts").get<std::vector<Prompt>>();
}

TEST(Prompts, HaveTheLengthAskedForByTheModelsTokenizerAndBeginDifferently) {
    const auto model = test::test_model();
    if (!model) GTEST_SKIP() << "no test model";
    const engine::Model vocabulary(*model, {.vocabulary_only = true});
    const auto made = prompts({model->string(), 40, 128, 3});
    ASSERT_EQ(made.size(), 40u);
    std::set<std::string> beginnings;
    for (const Prompt& prompt : made) {
        EXPECT_EQ(static_cast<int>(vocabulary.tokenize(prompt.text, true, false).size()), prompt.tokens);
        EXPECT_LE(prompt.tokens, 128);
        EXPECT_GE(prompt.tokens, 126);
        beginnings.insert(prompt.text.substr(0, 48));
    }
    EXPECT_EQ(beginnings.size(), made.size());
}

TEST(Prompts, AreTheSameForASeedAndOthersForAnother) {
    const auto model = test::test_model();
    if (!model) GTEST_SKIP() << "no test model";
    const auto first = prompts({model->string(), 2, 16, 1});
    EXPECT_EQ(first[0].text, prompts({model->string(), 1, 16, 1})[0].text);
    EXPECT_NE(first[0].text, prompts({model->string(), 1, 16, 2})[0].text);
    EXPECT_GE(prompts({model->string(), 1, 1, 1})[0].tokens, 1);
}

}  // namespace
}  // namespace scale::choice
