// Public sets read from files: each form, and errors that name the line.
#include "quality/suite/file_suites.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/file.h"
#include "quality/answer/behaviour.h"
#include "quality/answer/check.h"
#include "quality/answer/numbers.h"

namespace scale::quality {
namespace {

class FileSuites : public testing::Test {
  protected:
    FileSuite read(const std::string& suite, const std::string& text, bool generation = false) {
        const auto path = folder_.path() / "set.jsonl";
        core::write_file_atomic(path, text);
        request_.generation = generation;
        request_.rules = {{"rules", "fixed"}, {"score", "strict"}};
        return read_file_suite(suite, path, request_, "strict");
    }
    std::string error_of(const std::string& suite, const std::string& text) {
        try {
            read(suite, text);
        } catch (const core::Error& error) {
            return error.found();
        }
        return "none";
    }
    core::TemporaryFolder folder_;
    SuiteRequest request_;
};

TEST_F(FileSuites, Gsm8k) {
    const std::string text = R"({"question": "How many?", "answer": "1+1=2\n#### 1,024"})";
    const Item written = read("gsm8k", text + "\n", true).items.at(0);
    EXPECT_TRUE(judge_answer(written.check, "", "so it is\n#### 1024.").right);
    EXPECT_FALSE(judge_answer(written.check, "", "so it is 1024").right);  // strict
    const Item chosen = read("gsm8k", text).items.at(0);
    EXPECT_EQ(chosen.options.at(chosen.gold), " 1024");
    EXPECT_EQ(error_of("gsm8k", text + "\n\n{\"question\": \"x\", \"answer\": \"2\"}\n"),
              "set.jsonl line 3: the answer has no number after ####");
    EXPECT_THAT(error_of("gsm8k", text + "\n{\"question\": 3}\n"), testing::HasSubstr("line 2"));
    EXPECT_THAT(error_of("gsm8k", "{\"question\n"), testing::HasSubstr("line 1"));
    EXPECT_EQ(error_of("gsm8k", ""), "set.jsonl has no item");
}

TEST_F(FileSuites, IfEval) {
    const Item item =
        read(
            "ifeval",
            R"({"prompt": "Write.", "instruction_id_list": ["punctuation:no_comma", "startend:quotation"], "kwargs": [{"num_words": null}, {}]})",
            true)
            .items.at(0);
    EXPECT_TRUE(judge_answer(item.check, item.prompt, "\"Fine.\"").right);
    EXPECT_EQ(judge_answer(item.check, item.prompt, "Fine.").score, 0.5);
    EXPECT_THAT(error_of("ifeval", R"({"prompt": "x", "instruction_id_list": ["a:b"], "kwargs": [{}]})"),
                testing::HasSubstr("line 1: 'a:b'"));
    EXPECT_THAT(error_of("ifeval", R"({"prompt": "x", "instruction_id_list": ["keywords:existence"], "kwargs": [{}]})"),
                testing::HasSubstr("keywords"));
}

TEST_F(FileSuites, Lambada) {
    const Item item = read("lambada", R"({"text": "He saw the sign and believed in signs"})").items.at(0);
    EXPECT_EQ(item.prompt, "He saw the sign and believed in");
    EXPECT_FALSE(item.chat);
    EXPECT_TRUE(judge_answer(item.check, item.prompt, " signs, as").right);
    EXPECT_FALSE(judge_answer(item.check, item.prompt, " signsals").right);
    EXPECT_THAT(error_of("lambada", R"({"text": "one"})"), testing::HasSubstr("no last word"));
}

TEST_F(FileSuites, PiqaAndHellaSwag) {
    core::write_file_atomic(folder_.path() / "set-labels.lst", "1\n");
    const Item goal = read("piqa", R"({"goal": "Cut", "sol1": "bread", "sol2": "a knife"})").items.at(0);
    EXPECT_EQ(goal.options.at(goal.gold), " a knife");
    EXPECT_THAT(error_of("piqa", "{\"goal\": \"a\", \"sol1\": \"b\", \"sol2\": \"c\"}\n{\"goal\": \"a\"}\n"),
                testing::HasSubstr("line 2: no label"));
    const Item plain = read("hellaswag", "A man sits\n2\none\ntwo\nthree\nfour\n").items.at(0);
    EXPECT_EQ(plain.options.at(plain.gold), " three");
    EXPECT_TRUE(plain.by_length);
    const Item line = read("hellaswag", R"({"ctx": "A man", "endings": ["a", "b"], "label": "1"})").items.at(0);
    EXPECT_EQ(line.gold, 1);
    EXPECT_THAT(error_of("hellaswag", "A man sits\n7\none\ntwo\nthree\nfour\n"), testing::HasSubstr("line 1"));
    EXPECT_THAT(error_of("hellaswag", "A man sits\n1\none\n"), testing::HasSubstr("fewer than six"));
}

TEST(Numbers, AreReadAsPeopleWriteThem) {
    EXPECT_EQ(final_number("It costs $1,234.50.", false), "1234.5");
    EXPECT_EQ(final_number("5 - 3 = 2", false), "2");
    EXPECT_EQ(final_number("from 3 to -4", false), "-4");
    EXPECT_EQ(final_number("#### 12\nand 13", false), "12");
    EXPECT_EQ(final_number("nothing", false), std::nullopt);
    EXPECT_EQ(final_number("it is 12", true), std::nullopt);
    EXPECT_EQ(normal_number("007.00"), "7");
    EXPECT_EQ(normal_number("0"), "0");
    EXPECT_EQ(normal_number("x1"), std::nullopt);
}

TEST(Judges, WordsAndLists) {
    const core::Json word{{"kind", "word"}, {"answer", "Ben"}, {"others", {"Anna", "Benno"}}};
    EXPECT_TRUE(judge_answer(word, "", "Anna gave it to ben.").right);
    EXPECT_FALSE(judge_answer(word, "", "Ben? No, Anna.").right);
    EXPECT_FALSE(judge_answer(word, "", "Benjamin").right);
    EXPECT_FALSE(judge_answer(word, "", " ").right);
    const core::Json all{{"kind", "all_words"}, {"answers", {"river", "stone"}}};
    EXPECT_TRUE(judge_answer(all, "", "Stone and River").right);
    EXPECT_EQ(judge_answer(all, "", "a stone").score, 0.5);
    EXPECT_THROW(judge_answer({{"kind", "magic"}}, "", "x"), core::Error);
}

TEST(Behaviour, LoopsAndRefusals) {
    std::string loop = "A start. ";
    for (int i = 0; i < 12; ++i) loop += "and so on and on, ";
    EXPECT_TRUE(repeats_itself(loop));
    EXPECT_FALSE(
        repeats_itself("The first day was long. The second was short. On the third it rained, and they stayed at "
                       "home, reading what they had brought along from the town."));
    EXPECT_FALSE(repeats_itself("yes yes yes yes"));
    EXPECT_TRUE(declines("I\u2019m sorry, but I can\u2019t help with that."));
    EXPECT_FALSE(declines("The answer is 4."));
}

}  // namespace
}  // namespace scale::quality
