// The long-context items: a second reader of the text alone finds the answer that the item calls right.
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/json.h"
#include "quality/answer/check.h"
#include "quality/suite/item.h"

namespace scale::quality {
namespace {

using Words = std::set<std::string>;

SuiteRequest request(int items, bool generation, int context = 512) {
    SuiteRequest wanted;
    wanted.items = items;
    wanted.seed = 5;
    wanted.context = context;
    wanted.generation = generation;
    wanted.count_tokens = [](const std::string& text) { return static_cast<int>(text.size() / 4 + 1); };
    return wanted;
}

Words all_matches(const std::string& text, const std::string& pattern) {
    const std::regex expression(pattern);
    Words found;
    for (std::sregex_iterator i(text.begin(), text.end(), expression), end; i != end; ++i) found.insert((*i)[1]);
    return found;
}

std::string question_of(const Item& item) {
    return item.prompt.substr(item.prompt.rfind("\n\n") + 2);
}

// The answers, found by reading the prompt.
Words solve(const Item& item) {
    const std::string question = question_of(item);
    std::smatch match;
    Words answers;
    if (item.task == "retrieval" || item.task == "multiquery") {
        static const std::regex name("(?:of|,|and) ([A-Z]\\w+)");
        for (std::sregex_iterator i(question.begin(), question.end(), name), end; i != end; ++i)
            answers.merge(all_matches(item.prompt, "password of " + (*i)[1].str() + " is (\\w+)\\."));
    } else if (item.task == "multivalue") {
        answers = all_matches(item.prompt, "password of " + question.substr(0, question.find(' ')) + " is (\\w+)\\.");
    } else if (item.task == "tracking") {
        EXPECT_TRUE(std::regex_search(question, match, std::regex("counter (\\w+) show")));
        std::string name = match[1];
        for (int hop = 0; answers.empty() && hop < 10; ++hop) {
            answers = all_matches(item.prompt, "counter " + name + " shows the number (\\d+)\\.");
            const Words next =
                all_matches(item.prompt, "counter " + name + " shows the same number as the counter (\\w+)");
            if (answers.empty()) name = *next.begin();
        }
    } else {
        std::map<std::string, int> counts;
        std::string list = item.prompt.substr(0, item.prompt.rfind("\n\n"));
        std::replace_if(
            list.begin(), list.end(), [](char c) { return c == ',' || c == '.'; }, ' ');
        std::istringstream words(list);
        for (std::string word; words >> word;) ++counts[word];
        EXPECT_TRUE(std::regex_search(question, match, std::regex("list, (\\w+), (\\w+), (\\w+) or (\\w+)\\?")));
        std::string most = match[1];
        for (std::size_t i = 2; i <= 4; ++i)
            if (counts[match[i]] > counts[most]) most = match[i];
        answers = {most};
    }
    return answers;
}

Words expected(const Item& item) {
    if (item.check.at("kind") == "word") return {item.check.at("answer").get<std::string>()};
    const auto answers = item.check.at("answers").get<std::vector<std::string>>();
    return {answers.begin(), answers.end()};
}

std::string said(const Words& words) {
    std::string text = "They are";
    for (const std::string& word : words) text += " " + word;
    return text + ".";
}

TEST(LongContext, EveryWrittenTaskHasTheAnswerThatItsTextGives) {
    std::map<std::string, int> tasks;
    for (const Item& item : long_context_items(request(160, true))) {
        ++tasks[item.task];
        const Words answers = solve(item);
        EXPECT_EQ(answers, expected(item)) << item.task << ": " << item.prompt;
        EXPECT_TRUE(judge_answer(item.check, item.prompt, said(answers)).right) << item.task;
    }
    EXPECT_EQ(tasks.size(), 5u);
}

TEST(LongContext, NamingEveryValueOfTheTextIsNoAnswer) {
    for (const Item& item : long_context_items(request(160, true))) {
        if (item.task != "multivalue" && item.task != "multiquery") continue;
        EXPECT_FALSE(judge_answer(item.check, item.prompt, said(all_matches(item.prompt, "is (\\w+)\\."))).right);
        Words few = expected(item);
        few.erase(few.begin());
        EXPECT_FALSE(judge_answer(item.check, item.prompt, said(few)).right);
    }
}

TEST(LongContext, ATrackedCounterIsDefinedBeforeItIsReferredTo) {
    for (const Item& item : long_context_items(request(160, true))) {
        if (item.task != "tracking") continue;
        static const std::regex reference("same number as the counter (\\w+)");
        for (std::sregex_iterator i(item.prompt.begin(), item.prompt.end(), reference), end; i != end; ++i) {
            const auto defined = item.prompt.find("The counter " + (*i)[1].str() + " shows");
            EXPECT_LT(defined, static_cast<std::size_t>(i->position()));
        }
    }
}

TEST(LongContext, TextsFillAQuarterHalfAndAllOfTheContext) {
    for (const bool generation : {false, true}) {
        const SuiteRequest wanted = request(320, generation, 2048);
        std::map<std::string, std::pair<int, int>> shortest_and_longest;
        for (const Item& item : long_context_items(wanted)) {
            const int tokens = wanted.count_tokens(item.prompt);
            EXPECT_LE(tokens, wanted.context) << item.task;
            auto& [shortest, longest] = shortest_and_longest.try_emplace(item.task, tokens, tokens).first->second;
            shortest = std::min(shortest, tokens);
            longest = std::max(longest, tokens);
        }
        for (const auto& [task, range] : shortest_and_longest) {
            EXPECT_LT(range.first, wanted.context * 0.3) << task;
            // Counted word by word, as the list is made, this counter gives more than for the whole.
            EXPECT_GT(range.second, wanted.context * (task == "common_words" ? 0.6 : 0.8)) << task;
        }
    }
}

TEST(LongContext, EveryOptionIsAValueOfTheVeryText) {
    for (const Item& item : long_context_items(request(100, false))) {
        const std::string lead = question_of(item).substr(question_of(item).find("The "));
        EXPECT_NE(item.prompt.find(lead + item.options.at(item.gold) + "."), std::string::npos);
        for (const std::string& option : item.options)
            EXPECT_NE(item.prompt.find(" is" + option + "."), std::string::npos);
    }
}

}  // namespace
}  // namespace scale::quality
