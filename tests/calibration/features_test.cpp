#include "calibration/features.h"

#include <string>

#include <gtest/gtest.h>

namespace scale::calibration {
namespace {

Format format_of_text(const std::string& text) {
    Request request;
    request.messages = {{"user", text}};
    return format_of(request);
}

TEST(FormatOf, FollowsTheWrittenRules) {
    EXPECT_EQ(format_of_text("How are you today?"), Format::plain);
    EXPECT_EQ(format_of_text("Give me the answer as JSON, please."), Format::json);
    EXPECT_EQ(format_of_text("Parse this: { \"name\" : \"x\" }"), Format::json);
    EXPECT_EQ(format_of_text("The set {a, b} is \"small\"."), Format::plain);
    EXPECT_EQ(format_of_text("Jsonville is a town."), Format::plain);
    EXPECT_EQ(format_of_text("Fix it:\n```\nx\n```"), Format::code);
    EXPECT_EQ(format_of_text("int a = 1;\nint b = 2;"), Format::code);
    EXPECT_EQ(format_of_text("def f(x):\n    return x * 2"), Format::code);
    EXPECT_EQ(format_of_text("I return home now.\nLet me know."), Format::plain);
    EXPECT_EQ(format_of_text("| a | b |\n| 1 | 2 |"), Format::table);
    EXPECT_EQ(format_of_text("What is 12 * 7?"), Format::math);
    EXPECT_EQ(format_of_text("She has 3 apples and buys 4. How many are there?"), Format::math);
    EXPECT_EQ(format_of_text("The range 2020-2024 and 24/7 are fine."), Format::plain);
    EXPECT_EQ(format_of_text("- milk\n- eggs"), Format::list);
    EXPECT_EQ(format_of_text("1. one\n2) two"), Format::list);
}

TEST(FormatOf, TakesTheFirstFormatThatHolds) {
    Request request;
    request.messages = {{"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}};
    EXPECT_EQ(format_of(request), Format::multi_turn);
    request.asks_json = true;
    EXPECT_EQ(format_of(request), Format::json);
    request.uses_tools = true;
    EXPECT_EQ(format_of(request), Format::tools);
}

TEST(FormatOf, TheSystemPromptAloneDoesNotDecide) {
    Request request;
    request.messages = {{"system", "Never answer in JSON."}, {"user", "Hi"}};
    EXPECT_EQ(format_of(request), Format::plain);
}

TEST(LengthOf, CountsPromptAndAnswerAtTheWrittenBounds) {
    Request request;
    request.messages = {{"user", std::string(200, 'a')}};
    request.answer = std::string(55, 'b');
    EXPECT_EQ(length_of(request), Length::brief);
    request.answer += 'b';
    EXPECT_EQ(length_of(request), Length::medium);
    request.answer = std::string(1024 - 200, 'b');
    EXPECT_EQ(length_of(request), Length::extended);
    request.answer = std::string(4096 - 200, 'b');
    EXPECT_EQ(length_of(request), Length::very_long);
}

}  // namespace
}  // namespace scale::calibration
