// Every checker: a response that follows, one that does not, and the edges; both sets of rules.
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "core/error.h"
#include "quality/answer/check.h"
#include "quality/instruction_checkers/checkers.h"
#include "quality/instruction_checkers/conflicts.h"
#include "quality/instruction_checkers/text_units.h"
#include "quality/suite/item.h"

namespace scale::quality {
namespace {

using core::Json;

struct Case {
    const char* id;
    const char* arguments;
    const char* response;
    bool compat;
    bool fixed;
};

const Case cases[] = {
    {"keywords:existence", R"({"keywords": ["river", "stone"]})", "The River runs over STONES.", true, true},
    {"keywords:existence", R"({"keywords": ["river", "stone"]})", "The river runs.", false, false},
    {"keywords:existence", R"({"keywords": ["a.c"]})", "abc", true, false},  // a pattern, or literal
    {"keywords:existence", R"({"keywords": ["c++"]})", "I write C++.", true, true},
    {"keywords:frequency", R"({"keyword": "cat", "relation": "at least", "frequency": 2})", "Cat, concatenate", true,
     true},
    {"keywords:frequency", R"({"keyword": "cat", "relation": "at least", "frequency": 2})", "one cat", false, false},
    {"keywords:frequency", R"({"keyword": "cat", "relation": "less than", "frequency": 2})", "cat cat", false, false},
    {"keywords:frequency", R"({"keyword": "cat", "relation": "less than", "frequency": 2})", "one cat", true, true},
    {"keywords:forbidden_words", R"({"forbidden_words": ["bad"]})", "A badge is fine.", true, true},
    {"keywords:forbidden_words", R"({"forbidden_words": ["bad"]})", "That is BAD!", false, false},
    {"keywords:forbidden_words", R"({"forbidden_words": ["straße"]})", "Die Straße hier", false, false},
    {"keywords:letter_frequency", R"({"letter": "t", "let_relation": "at least", "let_frequency": 3})", "Ttt", true,
     true},
    {"keywords:letter_frequency", R"({"letter": "t", "let_relation": "less than", "let_frequency": 3})", "Ttt", false,
     false},
    {"keywords:letter_frequency", R"({"letter": "#", "let_relation": "at least", "let_frequency": 2})", "# 1 # 2",
     false, true},
    {"language:response_language", R"({"language": "de"})",
     "Der Hund läuft über die große Wiese und freut sich über das schöne Wetter.", true, true},
    {"language:response_language", R"({"language": "de"})",
     "The dog runs over the large meadow and enjoys the beautiful weather today.", false, false},
    {"language:response_language", R"({"language": "hi"})", "यह एक बहुत सुंदर दिन है और हम बाहर जा रहे हैं।", true, true},
    {"language:response_language", R"({"language": "de"})", "12345", true, true},  // undetectable passes
    {"length_constraints:number_sentences", R"({"relation": "at least", "num_sentences": 2})", "One here. Two there!",
     true, true},
    {"length_constraints:number_sentences", R"({"relation": "less than", "num_sentences": 2})", "One here. Two there!",
     false, false},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "first\n***\nsecond", true, true},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "first\n***\nsecond\n***\n", true, true},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "first\n***\n \n***\nsecond", false, false},
    {"length_constraints:number_paragraphs", R"({"num_paragraphs": 2})", "only one", false, false},
    {"length_constraints:number_words", R"({"relation": "at least", "num_words": 4})", "it's three words", true, true},
    {"length_constraints:number_words", R"({"relation": "less than", "num_words": 4})", "a b c d", false, false},
    {"length_constraints:nth_paragraph_first_word",
     R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"})", "One.\n\n\"Then, two.", true, true},
    {"length_constraints:nth_paragraph_first_word",
     R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"})", "One.\n\n\n\nThen two.", false,
     true},  // the second piece is empty
    {"length_constraints:nth_paragraph_first_word",
     R"({"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"})", "One.\n\nThen two.\n\nThree.", false, false},
    {"detectable_content:number_placeholders", R"({"num_placeholders": 2})", "Dear [name], at [place]", true, true},
    {"detectable_content:number_placeholders", R"({"num_placeholders": 2})", "Dear [name]", false, false},
    {"detectable_content:postscript", R"({"postscript_marker": "P.S."})", "Bye.\nP.S. Write soon.", true, true},
    {"detectable_content:postscript", R"({"postscript_marker": "P.S."})", "Bye. P. S. Write soon.", true, false},
    {"detectable_content:postscript", R"({"postscript_marker": "P.P.S"})", "Bye.\np. p. s more", true, true},
    {"detectable_content:postscript", R"({"postscript_marker": "P.S."})", "Bye.", false, false},
    {"detectable_format:number_bullet_lists", R"({"num_bullets": 2})", "* one\n - two", true, true},
    {"detectable_format:number_bullet_lists", R"({"num_bullets": 2})", "**bold** is none\n* one", false, false},
    {"detectable_format:number_bullet_lists", R"({"num_bullets": 2})", "- 1\n- 2\n- 3", false, false},
    {"detectable_format:constrained_response", "{}", "Well. My answer is maybe.", true, true},
    {"detectable_format:constrained_response", "{}", "my answer is yes", false, false},
    {"detectable_format:number_highlighted_sections", R"({"num_highlights": 2})", "*one* and **two**", true, true},
    {"detectable_format:number_highlighted_sections", R"({"num_highlights": 1})", "** ** and * *", false, false},
    {"detectable_format:number_highlighted_sections", R"({"num_highlights": 1})", "*a\nb*", false, false},
    {"detectable_format:multiple_sections", R"({"section_spliter": "Section", "num_sections": 2})",
     "Section 1\na\nSection 2\nb", true, true},
    {"detectable_format:multiple_sections", R"({"section_spliter": "Section", "num_sections": 2})",
     "Section 1 and section 2", false, false},
    {"detectable_format:json_format", "{}", "```json\n{\"a\": [1, 2]}\n```", true, true},
    {"detectable_format:json_format", "{}", "Here: {\"a\": 1}", false, false},
    {"detectable_format:json_format", "{}", "[1, 2", false, false},
    {"detectable_format:title", "{}", "<<a good day>>\nText", true, true},
    {"detectable_format:title", "{}", "<< >> Text", false, false},
    {"detectable_format:title", "{}", "<a good day>", false, false},
    {"combination:two_responses", "{}", "first ****** second", true, true},
    {"combination:two_responses", "{}", "same\n******\nsame", false, false},
    {"combination:two_responses", "{}", "a ****** b ****** c", false, false},
    {"combination:repeat_prompt", R"({"prompt_to_repeat": "Tell me."})", "tell ME. Well then.", true, true},
    {"combination:repeat_prompt", R"({"prompt_to_repeat": "Tell me."})", "Sure. Tell me.", false, false},
    {"startend:end_checker", R"({"end_phrase": "That is all."})", "Text. \"THAT is all.\"", true, true},
    {"startend:end_checker", R"({"end_phrase": "That is all."})", "That is all. Bye", false, false},
    {"startend:quotation", "{}", " \"quoted\" ", true, true},
    {"startend:quotation", "{}", "\"", false, false},
    {"startend:quotation", "{}", "\"open", false, false},
    {"change_case:capital_word_frequency", R"({"capital_relation": "at least", "capital_frequency": 2})", "IT IS so",
     true, true},
    {"change_case:capital_word_frequency", R"({"capital_relation": "less than", "capital_frequency": 2})", "IT IS so",
     false, false},
    {"change_case:capital_word_frequency", R"({"capital_relation": "at least", "capital_frequency": 1})",
     "Only Titles 12", false, false},
    {"change_case:english_capital", "{}", "THE DOG RUNS OVER THE LARGE MEADOW AND ENJOYS THE WEATHER.", true, true},
    {"change_case:english_capital", "{}", "THE DOG runs.", false, false},
    {"change_case:english_capital", "{}", "DER HUND LÄUFT ÜBER DIE GROẞE WIESE UND FREUT SICH ÜBER DAS WETTER", false,
     false},
    {"change_case:english_lowercase", "{}", "the dog runs over the large meadow and enjoys the weather.", true, true},
    {"change_case:english_lowercase", "{}", "The dog runs.", false, false},
    {"punctuation:no_comma", "{}", "No comma here.", true, true},
    {"punctuation:no_comma", "{}", "Well, one.", false, false}};

TEST(InstructionCheckers, FollowAndBreak) {
    std::set<std::string> positive, negative;
    for (const Case& c : cases) {
        const Json arguments = Json::parse(c.arguments);
        EXPECT_EQ(follows(c.id, arguments, "", c.response, InstructionRules::compat), c.compat)
            << c.id << ": " << c.response;
        EXPECT_EQ(follows(c.id, arguments, "", c.response, InstructionRules::fixed), c.fixed)
            << c.id << ": " << c.response;
        (c.fixed ? positive : negative).insert(c.id);
    }
    EXPECT_EQ(positive.size(), 25u);
    EXPECT_EQ(negative.size(), 25u);
    EXPECT_EQ(instruction_ids().size(), 25u);
}

TEST(InstructionCheckers, BlankFollowsNothing) {
    for (const Case& c : cases)
        for (const char* blank : {"", " \n\t "})
            EXPECT_FALSE(follows(c.id, Json::parse(c.arguments), "", blank, InstructionRules::fixed)) << c.id;
}

TEST(InstructionCheckers, NameWhatIsWrongWithTheRequest) {
    EXPECT_THROW(follows("keywords:exist", Json::object(), "", "x", InstructionRules::fixed), core::Error);
    EXPECT_THROW(follows("keywords:existence", Json::object(), "", "x", InstructionRules::fixed), core::Error);
    EXPECT_THROW(follows("length_constraints:number_words", {{"relation", "about"}, {"num_words", 3}}, "", "x",
                         InstructionRules::fixed),
                 core::Error);
    EXPECT_THROW(instruction_rules("strict"), core::Error);
}

TEST(InstructionCheckers, LooseForgivesAnOpeningLineAndMarks) {
    Json check{{"kind", "instructions"},
               {"list",
                {{{"id", "startend:quotation"}, {"arguments", Json::object()}},
                 {{"id", "punctuation:no_comma"}, {"arguments", Json::object()}}}}};
    const std::string answer = "Sure, here it is:\n\"A quoted text.\"";
    const Judged strict = judge_answer(check, "", answer);
    EXPECT_FALSE(strict.right);
    EXPECT_EQ(strict.score, 0);
    check["score"] = "loose";
    EXPECT_TRUE(judge_answer(check, "", answer).right);
    EXPECT_TRUE(judge_answer(check, "", "**\"A quoted text.\"**").right);
    EXPECT_FALSE(judge_answer(check, "", "\"One, two\"").right);
    EXPECT_EQ(judge_answer(check, "", "\"One, two\"").score, 0.5);
    EXPECT_EQ(loose_variants("a\nb\nc").size(), 8u);
}

TEST(InstructionCheckers, ConflictsAreSymmetricAndLeaveRoom) {
    for (const std::string& a : instruction_ids()) {
        EXPECT_TRUE(conflict(a, a));
        int free = 0;
        for (const std::string& b : instruction_ids()) {
            EXPECT_EQ(conflict(a, b), conflict(b, a)) << a << " " << b;
            free += conflict(a, b) ? 0 : 1;
        }
        EXPECT_GE(free, 3) << a;
    }
    EXPECT_TRUE(conflict("change_case:english_capital", "change_case:english_lowercase"));
    EXPECT_TRUE(conflict("detectable_format:json_format", "detectable_format:number_bullet_lists"));
    EXPECT_FALSE(conflict("punctuation:no_comma", "startend:quotation"));
}

TEST(WrittenInstructions, CoverEveryCheckerWithoutConflicts) {
    SuiteRequest request;
    request.items = 200;
    request.generation = true;
    request.rules = {{"rules", "fixed"}, {"score", "strict"}};
    std::map<std::string, int> seen;
    std::map<std::size_t, int> sizes;
    for (const Item& item : instruction_items(request)) {
        const Json& list = item.check["list"];
        ++sizes[list.size()];
        for (std::size_t i = 0; i < list.size(); ++i) {
            ++seen[list[i]["id"]];
            for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(conflict(list[i]["id"], list[j]["id"])) << item.prompt;
        }
        EXPECT_FALSE(judge_answer(item.check, item.prompt, " \n").right) << item.prompt;
        judge_answer(item.check, item.prompt, "some text");  // every argument has its name and type
        EXPECT_LE(item.answer_tokens, request.answer_tokens);
    }
    EXPECT_EQ(seen.size(), 25u);
    EXPECT_EQ(sizes.size(), 4u);
}

}  // namespace
}  // namespace scale::quality
