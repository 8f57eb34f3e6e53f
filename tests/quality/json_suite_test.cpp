// The JSON suite: the right object is the one that the schema and the text allow, and each near miss is wrong.
#include <gtest/gtest.h>

#include "quality/answer/check.h"
#include "quality/json_schema/json_schema.h"
#include "quality/suite/item.h"

namespace scale::quality {
namespace {

TEST(JsonSuite, GoldIsValidAndNothingElseIsRight) {
    SuiteRequest request;
    request.items = 200;
    const auto choices = json_items(request);
    request.generation = true;
    const auto written = json_items(request);
    int rejected = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const core::Json& check = written[i].check;
        EXPECT_EQ(choices[i].prompt, written[i].prompt);
        for (int option = 0; option < static_cast<int>(choices[i].options.size()); ++option) {
            const std::string& text = choices[i].options[option];
            EXPECT_EQ(judge_answer(check, "", "```json\n" + text + "\n```").right, option == choices[i].gold) << text;
            rejected += JsonSchema(check["schema"]).accepts(core::Json::parse(text)) ? 0 : 1;
        }
        EXPECT_TRUE(JsonSchema(check["schema"]).accepts(check["gold"]));
    }
    // Of three near misses, two break the schema; the third has the wrong person.
    EXPECT_EQ(rejected, 400);
    EXPECT_FALSE(judge_answer(written[0].check, "", "I do not know.").right);
}

}  // namespace
}  // namespace scale::quality
