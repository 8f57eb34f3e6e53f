#include "calibration/request.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace scale::calibration {
namespace {

using testing::HasSubstr;

Request good(const std::string& line) {
    const ParsedLine parsed = parse_request(line);
    EXPECT_EQ(parsed.refusal, "") << line;
    return parsed.request;
}

TEST(ParseRequest, ReadsAChatWithPartsAndLeavesImagesOut) {
    const Request request = good(R"({"messages":[{"role":"developer","content":"Be kind."},
        {"role":"user","content":[{"type":"text","text":"What is"},
        {"type":"image_url","image_url":{"url":"data:..."}},{"type":"text","text":"this?"}]}],"user":"u1"})");
    ASSERT_EQ(request.messages.size(), 2u);
    EXPECT_EQ(request.messages[0].role, "system");
    EXPECT_EQ(request.messages[1].content, "What is\nthis?");
    EXPECT_EQ(request.conversation, "user:u1");
    EXPECT_EQ(request.user_turns(), 1);
}

TEST(ParseRequest, ReadsCompletions) {
    EXPECT_EQ(good(R"({"prompt":"Once upon"})").prompt, "Once upon");
    EXPECT_EQ(good(R"({"prompt":["Once upon"]})").prompt, "Once upon");
    EXPECT_FALSE(good(R"({"prompt":"x"})").is_chat());
}

TEST(ParseRequest, TakesTheRecordedAnswerOfOurGateway) {
    const Request chat = good(R"({"request":{"messages":[{"role":"user","content":"Hi"}]},
        "response":{"choices":[{"message":{"role":"assistant","content":"Hello."}}]},"session_id":7})");
    EXPECT_EQ(chat.answer, "Hello.");
    EXPECT_EQ(chat.conversation, "session_id:7");
    EXPECT_EQ(good(R"({"request":{"prompt":"a"},"response":{"choices":[{"text":" b"}]}})").answer, " b");
    EXPECT_EQ(good(R"({"request":{"prompt":"a"},"response":null})").answer, "");
    EXPECT_EQ(good(R"({"request":{"prompt":"a"},"response":{"choices":[]}})").answer, "");
    EXPECT_EQ(good(R"({"request":{"prompt":"a"},"response":{"choices":[7]}})").answer, "");
}

TEST(ParseRequest, PrefersTheNarrowestConversation) {
    EXPECT_EQ(good(R"({"prompt":"a","user":"u","metadata":{"conversation_id":"c"}})").conversation,
              "conversation_id:c");
}

TEST(ParseRequest, ToolCallsAreText) {
    const Request request = good(R"({"messages":[{"role":"user","content":"Weather?"},
        {"role":"assistant","content":null,"tool_calls":[{"function":{"name":"weather","arguments":"{\"city\":\"Bonn\"}"}}]},
        {"role":"tool","content":"12 degrees"}]})");
    EXPECT_TRUE(request.uses_tools);
    ASSERT_EQ(request.messages.size(), 3u);
    EXPECT_THAT(request.messages[1].content, HasSubstr("weather"));
    EXPECT_TRUE(good(R"({"prompt":"a","tools":[{}]})").uses_tools);
    EXPECT_FALSE(good(R"({"prompt":"a","tools":[]})").uses_tools);
    EXPECT_TRUE(good(R"({"prompt":"a","response_format":{"type":"json_object"}})").asks_json);
}

TEST(ParseRequest, SaysWhyALineCannotBeUsed) {
    const std::string deep(300, '[');
    const std::pair<std::string, std::string> cases[] = {
        {"{\"prompt\":", "not valid JSON"},
        {"hello", "not valid JSON"},
        {"{\"prompt\":\"\xff\"}", "not valid UTF-8"},
        {"[1]", "array where a request object was expected"},
        {"7", "number where a request object"},
        {"{}", "neither 'messages' nor 'prompt'"},
        {"{\"request\":\"x\"}", "string where a request object"},
        {"{\"messages\":{}}", "not a non-empty array"},
        {"{\"messages\":[]}", "not a non-empty array"},
        {"{\"messages\":[\"hi\"]}", "a message is not an object"},
        {"{\"messages\":[{\"content\":\"hi\"}]}", "unknown role ''"},
        {"{\"messages\":[{\"role\":\"wizard\",\"content\":\"hi\"}]}", "unknown role 'wizard'"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":\" \\n\"}]}", "no user message with text"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\"}]}]}", "no user message with text"},
        {"{\"messages\":[{\"role\":\"user\",\"content\":{\"text\":\"hi\"}}]}", "no user message with text"},
        {"{\"messages\":[{\"role\":\"system\",\"content\":\"hi\"}]}", "no user message with text"},
        {"{\"prompt\":\"\"}", "the prompt is empty"},
        {"{\"prompt\":[1,2]}", "'prompt' is not a text"},
        {"{\"prompt\":[\"a\",\"b\"]}", "'prompt' is not a text"},
        {deep, "nested deeper"},
    };
    for (const auto& [line, reason] : cases) EXPECT_THAT(parse_request(line).refusal, HasSubstr(reason)) << line;
}

TEST(NormalisedText, IgnoresCaseAndSpaceButNotRoles) {
    const auto text = [](const std::string& messages) {
        return normalised_text(good("{\"messages\":[" + messages + "]}"));
    };
    EXPECT_EQ(text(R"({"role":"user","content":" Hello\t\tWorld \n"})"),
              text(R"({"role":"user","content":"hello world"})"));
    EXPECT_NE(text(R"({"role":"user","content":"helloworld"})"), text(R"({"role":"user","content":"hello world"})"));
    EXPECT_NE(text(R"({"role":"user","content":"a"},{"role":"user","content":"b"})"),
              text(R"({"role":"user","content":"a user b"})"));
}

}  // namespace
}  // namespace scale::calibration
