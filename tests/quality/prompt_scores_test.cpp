// Reading a server's log probabilities of a prompt: what vLLM writes, and what it must not be taken for.
#include "quality/endpoint/prompt_scores.h"

#include <random>

#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::quality {
namespace {

const std::vector<engine::Token> prompt{5, 7, 2};
const KnownLimits limits{3, 10};

// Written by vLLM 0.32 in this form.
const std::string good =
    R"({"id":"cmpl-8","choices":[{"index":0,"text":"a","logprobs":null,"prompt_logprobs":[null,)"
    R"({"7":{"logprob":-2.5,"rank":4,"decoded_token":"\u2581x"},"1":{"logprob":-0.25,"rank":1,"decoded_token":null}},)"
    R"({"2":{"logprob":-0.125,"rank":1,"decoded_token":"{\"7\":[1]}"},"9":{"logprob":-9999.0,"rank":2}}],)"
    R"("prompt_token_ids":null}],"usage":{"prompt_logprobs":[3]},"kv":{"a":[[{}]]}})";

std::vector<PlaceScores> parse(const std::string& text, std::size_t first = 0) {
    return parse_prompt_scores(text, {prompt, first}, limits, "the server");
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(PromptScores, ReadsEveryPlaceByToken) {
    const auto places = parse(good);
    ASSERT_EQ(places.size(), 2u);
    EXPECT_EQ(places[0].log_probability, -2.5);
    ASSERT_EQ(places[0].known.size(), 2u);
    EXPECT_EQ(places[0].known[0].token, 1);
    EXPECT_EQ(places[0].known[0].log_probability, -0.25);
    EXPECT_EQ(places[0].known[1].token, 7);
    EXPECT_EQ(places[1].log_probability, -0.125);
    EXPECT_EQ(places[1].known[1].log_probability, -9999);
}

TEST(PromptScores, LeavesOutWhatIsNotScored) {
    const auto places = parse(good, 1);
    ASSERT_EQ(places.size(), 1u);
    EXPECT_EQ(places[0].log_probability, -0.125);
}

TEST(PromptScores, AServerWithoutThemIsNamed) {
    for (const std::string& text : {std::string(R"({"choices":[{"text":"a","logprobs":null}]})"), std::string("{}"),
                                    std::string(R"({"choices":[{"prompt_logprobs":null}]})"), std::string("[]"),
                                    std::string(R"({"prompt_logprobs":[null,{},{}]})")}) {
        try {
            parse(text);
            FAIL() << text;
        } catch (const core::Error& error) {
            EXPECT_NE(std::string(error.what()).find("no log probabilities of a prompt"), std::string::npos) << text;
            EXPECT_NE(error.next().find("vLLM"), std::string::npos);
        }
    }
}

TEST(PromptScores, WhatIsDamagedIsSaid) {
    const std::pair<std::string, std::string> damaged[] = {
        {replaced(good, "-2.5", "2.5"), "a log probability of 2.5"},
        {replaced(good, "-2.5", "\"-2.5\""), "no number"},
        {replaced(good, "-2.5", "null"), "no number"},
        {replaced(good, "-2.5", "NaN"), "no JSON"},
        {replaced(good, "-2.5", "-1e999"), "no JSON"},
        {replaced(good, "-2.5", "[-2.5]"), "no number"},
        {replaced(good, "-2.5", "{}"), "no number"},
        {replaced(good, "-2.5", "-2.5,\"logprob\":-2"), "two log probabilities"},
        {replaced(good, "\"logprob\":-2.5,", ""), "without a log probability"},
        {replaced(good, "\"7\":", "\"17\":"), "vocabulary does not have"},
        {replaced(good, "\"7\":", "\"-7\":"), "vocabulary does not have"},
        {replaced(good, "\"7\":", "\"7x\":"), "vocabulary does not have"},
        {replaced(good, "\"7\":", "\"\":"), "vocabulary does not have"},
        {replaced(good, "\"7\":", "\"99999999999999999999\":"), "vocabulary does not have"},
        {replaced(good, "\"7\":", "\"8\":"), "no log probability of token 1"},
        {replaced(good, "\"1\":", "\"7\":"), "a token twice"},
        {replaced(good, "-2.5", "-0.1"), "sum to 1.684"},
        {replaced(good, "[null,", "[null,null,"), "no log probability of token 1"},
        {replaced(good, "[null,", "["), "no log probability of token"},
        {replaced(good, "[null,", "[null,[],"), "a list where"},
        {replaced(good, "[null,", "[null,3,"), "something else where"},
        {replaced(good, "\"9\":{\"logprob\":-9999.0,\"rank\":2}", "\"9\":-3"), "something else where"},
        {replaced(good, "}}],", "}},null],"), "more places"},
        {replaced(good, "\"prompt_token_ids\":null}", "\"a\":1},{\"prompt_logprobs\":[null]}"), "more than one prompt"},
        {replaced(good, "\"9\":",
                  "\"3\":{\"logprob\":-9},\"4\":{\"logprob\":-9},\"6\":{\"logprob\":-9},\"9\":"),
         "more than 3 tokens"},
        {replaced(good, "[[{}]]", std::string(100, '[') + std::string(100, ']')), "nested too deep"},
        {good + "x", "no JSON"},
        {"", "no JSON"}};
    for (const auto& [text, expected] : damaged) {
        try {
            parse(text);
            ADD_FAILURE() << "taken: " << text;
        } catch (const core::Error& error) {
            EXPECT_NE(std::string(error.what()).find(expected), std::string::npos) << error.what() << "\n" << text;
            EXPECT_NE(std::string(error.what()).find("the server"), std::string::npos);
        }
    }
}

TEST(PromptScores, NoPartOfAnAnswerIsTakenForOne) {
    for (std::size_t length = 0; length < good.size(); ++length)
        EXPECT_THROW(parse(good.substr(0, length)), core::Error) << length;
}

// Whatever single bytes are changed, what is taken keeps the promises of the header.
TEST(PromptScores, RandomDamageIsRefusedOrHarmless) {
    const std::string marks = "[]{}\",:0123456789.-enul";
    std::mt19937 draw(11);
    int refused = 0;
    for (unsigned round = 0; round < 20000; ++round) {
        std::string text = good;
        for (unsigned i = 0; i <= round % 3U; ++i) {
            const auto any = draw();
            text[draw() % text.size()] = draw() % 4 > 0 ? marks[any % marks.size()] : static_cast<char>(any);
        }
        try {
            const auto places = parse(text);
            ASSERT_EQ(places.size(), 2u) << text;
            for (std::size_t i = 0; i < 2; ++i) {
                ASSERT_LE(places[i].known.size(), limits.tokens) << text;
                ASSERT_LE(places[i].log_probability, 0) << text;
            }
        } catch (const core::Error&) {
            ++refused;
        }
    }
    EXPECT_GT(refused, 2000);
}

}  // namespace
}  // namespace scale::quality
