#include "model/token_set.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace scale::model {
namespace {

TEST(TokenSet, ReadsWhatItWrote) {
    const std::vector<TokenSequence> written{{"a1", "code / all / short", "x \"y\"\n", {0, 7, 2147483647}},
                                             {"b2", "plain / all / long", "", {5}}};
    const auto read = parse_token_set(to_json_lines(written), "set");
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[0].id, "a1");
    EXPECT_EQ(read[0].text, "x \"y\"\n");
    EXPECT_EQ(read[0].tokens, written[0].tokens);
    EXPECT_EQ(read[1].stratum, "plain / all / long");
    EXPECT_EQ(count_tokens(read), 4u);
}

TEST(TokenSet, NamesTheLineThatIsWrong) {
    const std::string good = to_json_lines({{"a", "s", "t", {1}}});
    const auto message = [&](const std::string& bad) -> std::string {
        try {
            parse_token_set(good + bad, "set");
        } catch (const core::Error& error) {
            return error.found();
        }
        return "accepted";
    };
    const std::string head = R"({"id":"b","stratum":"s","text":"t","tokens":)";
    EXPECT_EQ(message(head + "[1]}\n"), "accepted");
    for (const char* tokens : {"[]}", "[-1]}", "[1.5]}", "[2147483648]}", "[\"1\"]}", "[null]}", "7}", "[1}", "{}}"})
        EXPECT_NE(message(head + tokens + "\n").find("set line 2"), std::string::npos) << tokens;
    EXPECT_NE(message("{\"tokens\":[1]}\n").find("no 'id'"), std::string::npos);
    EXPECT_NE(message("[1]\n").find("set line 2"), std::string::npos);
}

}  // namespace
}  // namespace scale::model
