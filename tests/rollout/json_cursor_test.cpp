// Against the library's parser, which reads the same texts by other means.
#include "rollout/json/json_cursor.h"

#include <random>
#include <string>

#include <gtest/gtest.h>

#include "core/json.h"

namespace scale::rollout {
namespace {

bool is_valid(std::string_view text) {
    JsonCursor cursor(text);
    return cursor.skip() && cursor.at_end();
}

// Rebuilds the value from what the cursor hands out.
core::Json rebuilt(JsonCursor& cursor) {
    core::Json value;
    switch (cursor.peek()) {
        case JsonCursor::Kind::object: {
            cursor.enter_object();
            value = core::Json::object();
            for (std::string_view key; cursor.next_member(key);) {
                const std::string name(key);
                value[name] = rebuilt(cursor);
            }
            return value;
        }
        case JsonCursor::Kind::array: {
            cursor.enter_array();
            value = core::Json::array();
            while (cursor.next_element()) value.push_back(rebuilt(cursor));
            return value;
        }
        case JsonCursor::Kind::string: {
            std::string text;
            if (cursor.read_string(text)) value = text;
            return value;
        }
        case JsonCursor::Kind::boolean: {
            bool flag = false;
            if (cursor.read_boolean(flag)) value = flag;
            return value;
        }
        case JsonCursor::Kind::number: {
            std::int64_t number = 0;
            value = cursor.read_integer(number) ? core::Json(number) : core::Json("another number");
            return value;
        }
        case JsonCursor::Kind::null:
        case JsonCursor::Kind::none:
            cursor.skip();
    }
    return value;
}

const std::vector<std::string> good = {
    R"({})",
    R"([])",
    R"("")",
    R"(0)",
    R"( -12 )",
    R"({"a":[1,2,{"b":null}],"c":true,"d":{"e":[[],[{}]]},"f":"x\"y\\z\u00e9\ud83d\ude00\n"})",
    R"([1.5e+3,-0.25,1E2,0e-1,false,null,"ä€😀",{"k":{"k":{"k":[]}}}])",
    "\t{ \"model\" : \"m\" , \"messages\":[\r\n{\"role\":\"user\",\"content\":\"hi\"}] }\n",
    R"({"id":"chatcmpl-9","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3}})",
};

TEST(JsonCursor, ReadsWhatTheLibraryReads) {
    for (const auto& text : good) {
        EXPECT_TRUE(is_valid(text)) << text;
        JsonCursor cursor(text);
        core::Json expected = core::Json::parse(text);
        if (expected.is_array() && !expected.empty() && expected[0] == 1.5e3)
            for (int i = 0; i < 4; ++i) expected[static_cast<std::size_t>(i)] = "another number";
        EXPECT_EQ(rebuilt(cursor), expected) << text;
        EXPECT_TRUE(cursor.at_end()) << text;
    }
}

TEST(JsonCursor, RefusesWhatIsNoJson) {
    for (const std::string text : {"",
                                   " ",
                                   "{",
                                   "}",
                                   "[",
                                   "]",
                                   "[1,]",
                                   "[,1]",
                                   "{\"a\"}",
                                   "{\"a\":}",
                                   "{\"a\":1,}",
                                   "{a:1}",
                                   "01",
                                   "1.",
                                   ".5",
                                   "-",
                                   "+1",
                                   "1e",
                                   "tru",
                                   "nul",
                                   "\"",
                                   "\"\\",
                                   "\"\\x\"",
                                   "\"\\u12\"",
                                   "\"\\ud800\"",
                                   "\"\\ud800\\u0041\"",
                                   "\"\\udc00\"",
                                   "\"\x01\"",
                                   "\"\x80\"",
                                   "\"\xc0\xaf\"",
                                   "\"\xed\xa0\x80\"",
                                   "\"\xf4\x90\x80\x80\"",
                                   "[1 2]",
                                   "{\"a\":1 \"b\":2}",
                                   "1 2",
                                   "{}{}",
                                   "[1}",
                                   "{\"a\":1]",
                                   "nan",
                                   "'a'",
                                   "\"\xe2\x82\""})
        EXPECT_FALSE(is_valid(text)) << text;
    EXPECT_FALSE(is_valid(std::string("[\0]", 3)));
    EXPECT_FALSE(is_valid(std::string("1\0", 2)));
}

TEST(JsonCursor, BoundsItsDepth) {
    for (const std::size_t depth : {JsonCursor::deepest, JsonCursor::deepest + 1}) {
        const std::string text = std::string(depth, '[') + std::string(depth, ']');
        JsonCursor deep(text);
        EXPECT_EQ(deep.skip() && deep.at_end(), depth == JsonCursor::deepest);
        EXPECT_EQ(deep.too_deep(), depth != JsonCursor::deepest);
    }
}

// Texts near valid ones, which is where two readers part. Numbers beyond a double's range are valid for us alone.
TEST(JsonCursor, AgreesWithTheLibraryOnDamagedTexts) {
    std::mt19937_64 random(7);
    static constexpr std::string_view bytes = "{}[]\",:\\u0d8e1-+. tfn\x01\x7f\x80\xc3\xa9\xe2\xed\xf0\n";
    int valid = 0;
    for (int round = 0; round < 200'000; ++round) {
        std::string text = good[random() % good.size()];
        for (std::uint64_t edits = random() % 3; edits > 0 || round % 100 == 0; --edits) {
            const std::size_t at = random() % text.size();
            const char byte = bytes[random() % bytes.size()];
            switch (random() % 3) {
                case 0:
                    text[at] = byte;
                    break;
                case 1:
                    text.insert(at, 1, byte);
                    break;
                default:
                    text.erase(at, 1);
            }
            if (text.empty() || edits == 0) break;
        }
        const bool expected = core::Json::accept(text);
        if (text.find("e1") != std::string::npos || text.find("E1") != std::string::npos) continue;
        ASSERT_EQ(is_valid(text), expected) << text;
        valid += expected ? 1 : 0;
        if (!expected) continue;
        JsonCursor cursor(text);
        rebuilt(cursor);
        ASSERT_TRUE(cursor.at_end()) << text;
    }
    EXPECT_GT(valid, 10'000);
}

TEST(JsonCursor, QuotesSoThatItReadsTheSame) {
    std::string all;
    for (int c = 0; c < 0x80; ++c) all += static_cast<char>(c);
    all += "ä€😀\\\"" + std::string(40, 'x') + "\n";
    for (std::size_t cut = 0; cut < 12; ++cut) {
        const std::string text = all.substr(cut);
        std::string json;
        append_quoted(text, json);
        EXPECT_EQ(core::Json::parse(json).get<std::string>(), text);
        JsonCursor cursor(json);
        std::string again;
        EXPECT_TRUE(cursor.read_string(again));
        EXPECT_EQ(again, text);
        EXPECT_TRUE(cursor.at_end());
    }
}

}  // namespace
}  // namespace scale::rollout
