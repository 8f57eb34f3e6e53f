// The generated items: the marked answer is right by a second way of finding it, and the items have the promised form.
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "quality/answer/check.h"
#include "quality/suite/item.h"

namespace scale::quality {
namespace {

const char* const suites[] = {"reasoning", "instructions", "long_context", "consistency"};

SuiteRequest request(int items, std::uint64_t seed = 5) {
    SuiteRequest wanted;
    wanted.items = items;
    wanted.seed = seed;
    wanted.context = 512;
    // About one token for every four letters: enough to test the fitting.
    wanted.count_tokens = [](const std::string& text) { return static_cast<int>(text.size() / 4 + 1); };
    return wanted;
}

std::vector<Item> all_items(const SuiteRequest& wanted) {
    std::vector<Item> items;
    for (const char* suite : suites)
        for (Item& item : suite_items(suite, wanted)) items.push_back(std::move(item));
    return items;
}

std::string gold_text(const Item& item) {
    const std::string& option = item.options.at(item.gold);
    return item.chat ? option : option.substr(1);
}

std::string last_paragraph(const std::string& prompt) {
    return prompt.substr(prompt.rfind("\n\n") + 2);
}

std::vector<std::string> words(std::string text) {
    for (char& c : text)
        if (c == '.' || c == ',') c = ' ';
    std::istringstream in(text);
    std::vector<std::string> result;
    for (std::string word; in >> word;) result.push_back(word);
    return result;
}

TEST(Suites, AreDeterministicAndGrowByAppending) {
    const auto few = all_items(request(40)), again = all_items(request(40));
    ASSERT_EQ(core::Json(few), core::Json(again));
    EXPECT_NE(core::Json(few), core::Json(all_items(request(40, 6))));
    for (const auto make : {reasoning_items, instruction_items, long_context_items, consistency_items}) {
        const auto small = make(request(40)), large = make(request(80));
        ASSERT_LT(small.size(), large.size());
        for (std::size_t i = 0; i < small.size(); ++i) EXPECT_EQ(core::Json(small[i]), core::Json(large[i]));
    }
}

TEST(Suites, OptionsAreDistinctAndIdentifiersUnique) {
    std::set<std::string> ids;
    std::map<std::string, std::map<int, int>> places;
    for (const Item& item : all_items(request(400))) {
        EXPECT_TRUE(ids.insert(item.id).second) << item.id;
        EXPECT_GE(item.options.size(), 2u);
        EXPECT_EQ(std::set<std::string>(item.options.begin(), item.options.end()).size(), item.options.size())
            << item.id << " " << item.prompt;
        ASSERT_LT(item.gold, static_cast<int>(item.options.size()));
        ++places[item.suite][item.gold];
    }
    for (const auto& [suite, counts] : places) EXPECT_GE(counts.size(), 2u) << suite;  // the place tells nothing
}

// A second solver for each reasoning task, written against the text alone.
// A plain recursive reading of an expression such as "not (True and False)".
bool evaluate(const std::string& text) {
    std::size_t at = 0;
    const auto skip = [&](const std::string& word) {
        while (at < text.size() && text[at] == ' ') ++at;
        if (text.compare(at, word.size(), word) != 0) return false;
        at += word.size();
        return true;
    };
    const std::function<bool()> value = [&]() -> bool {
        if (skip("not ")) return !value();
        if (skip("True")) return true;
        if (skip("False")) return false;
        EXPECT_TRUE(skip("(")) << text;
        const bool left = value();
        const bool both = skip("and ");
        if (!both) {
            EXPECT_TRUE(skip("or ")) << text;
        }
        const bool right = value();
        EXPECT_TRUE(skip(")")) << text;
        return both ? left && right : left || right;
    };
    return value();
}

// The word problem read sentence by sentence, written out as the solution that the gold answer must be.
std::string worked_again(const std::string& text) {
    std::smatch match;
    EXPECT_TRUE(std::regex_search(text, match, std::regex("^(\\w+) has (\\d+) (\\w+)s\\.")));
    const std::string name = match[1], thing = match[3];
    long value = std::stol(match[2]);
    std::string solution, rest = match.suffix();
    rest = rest.substr(0, rest.find(" How many"));
    static const std::regex sentence("[^.]+\\."), number("(\\d+)");
    for (std::sregex_iterator i(rest.begin(), rest.end(), sentence), end; i != end; ++i) {
        const std::string said = i->str();
        if (!std::regex_search(said, match, number)) continue;
        const long operand = std::stol(match[1]);
        const auto has = [&](const char* part) { return said.find(part) != std::string::npos; };
        if (!has(name.c_str()) && !has(" them ")) continue;  // somebody else's things
        const char operation = has("times as many")                          ? '*'
                               : has("evenly") || has("equal boxes")         ? '/'
                               : has("away") || has("loses") || has("sells") ? '-'
                                                                             : '+';
        const long result = operation == '+'   ? value + operand
                            : operation == '-' ? value - operand
                            : operation == '*' ? value * operand
                                               : value / operand;
        solution += std::to_string(value) + " " + operation + " " + std::to_string(operand) + " = " +
                    std::to_string(result) + ". ";
        value = result;
    }
    return solution + "The answer is " + std::to_string(value);
}

std::string solve_reasoning(const std::string& task, const std::string& text) {
    const auto w = words(text);
    std::smatch match;
    if (task == "holder") {
        std::string holder = w[0];
        for (std::size_t i = 0; i + 1 < w.size(); ++i)
            if (w[i] == "to") holder = w[i + 1];
        return holder;
    }
    if (task == "location") {
        const std::string thing = w[1];
        std::string place = w[5];
        const std::regex move("takes the " + thing + " to the (\\w+)");
        for (std::sregex_iterator it(text.begin(), text.end(), move), end; it != end; ++it) place = (*it)[1];
        return place;
    }
    if (task == "ordering") {
        std::regex_search(text, match, std::regex("The (\\w+) one is$"));
        const std::string rank = match[1];
        std::regex_search(text, match, std::regex("(\\w+) comes " + rank));
        return match[1];
    }
    if (task == "weekday") {
        const std::vector<std::string> days{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                            "Friday", "Saturday", "Sunday"};
        const int steps = std::regex_search(text, match, std::regex("In (\\d) days")) ? std::stoi(match[1]) : 1;
        return days[(std::find(days.begin(), days.end(), w[2]) - days.begin() + steps) % 7];
    }
    if (task == "sum") {
        std::regex_search(text, match, std::regex("has (\\d+) coins.*gets (\\d+) more"));
        const int lost = text.find("loses 1") == std::string::npos ? 0 : 1;
        return std::to_string(std::stoi(match[1]) + std::stoi(match[2]) - lost);
    }
    if (task == "sequence") {
        std::regex_search(text, match, std::regex("(\\d+), (\\d+),$"));
        return std::to_string(2 * std::stoi(match[2]) - std::stoi(match[1]));
    }
    if (task == "rule") {
        const std::string kind = w[w.size() - 2];
        std::regex_search(text, match, std::regex("Every " + kind + " is (\\w+)"));
        return match[1];
    }
    if (task == "boolean") return evaluate(text.substr(0, text.rfind(" is"))) ? "True" : "False";
    if (task == "swaps") {
        std::map<std::string, std::string> holds;
        static const std::regex start("(\\w+) has the (\\w+)[,. ]"), swap("(\\w+) and (\\w+) swap");
        const std::string facts = text.substr(0, text.rfind(" Now "));
        for (std::sregex_iterator i(facts.begin(), facts.end(), start), end; i != end; ++i) holds[(*i)[1]] = (*i)[2];
        for (std::sregex_iterator i(facts.begin(), facts.end(), swap), end; i != end; ++i)
            std::swap(holds[(*i)[1]], holds[(*i)[2]]);
        std::regex_search(text, match, std::regex("Now (\\w+) has the$"));
        return holds[match[1]];
    }
    if (task == "arithmetic") return worked_again(text);
    return "no solver for " + task;
}

// Every form of the written problems: the question holds the same facts, and the judge takes the right answer and no
// other.
TEST(Reasoning, WrittenQuestionsWantTheSameAnswers) {
    SuiteRequest wanted = request(200);
    const auto choices = reasoning_items(wanted);
    wanted.generation = true;
    const auto questions = reasoning_items(wanted);
    ASSERT_EQ(questions.size(), choices.size());
    for (std::size_t i = 0; i < questions.size(); ++i) {
        const Item& item = questions[i];
        EXPECT_EQ(item.mode, scoring::generation);
        EXPECT_TRUE(item.chat);
        EXPECT_GT(item.answer_tokens, 0);
        const std::string facts = item.prompt.substr(0, item.prompt.find('\n'));
        EXPECT_NE(choices[i].prompt.find(facts), std::string::npos) << item.prompt;
        EXPECT_TRUE(judge_answer(item.check, item.prompt, "I think" + choices[i].options[choices[i].gold]).right);
        for (int wrong = 0; wrong < static_cast<int>(choices[i].options.size()); ++wrong)
            if (wrong != choices[i].gold) {
                EXPECT_FALSE(judge_answer(item.check, item.prompt, "I think" + choices[i].options[wrong]).right)
                    << item.prompt << choices[i].options[wrong];
            }
    }
}

TEST(Reasoning, GoldIsWhatASecondSolverFinds) {
    for (const Item& item : reasoning_items(request(1000)))
        EXPECT_EQ(gold_text(item), solve_reasoning(item.task, last_paragraph(item.prompt))) << item.prompt;
}

TEST(Reasoning, ShowsTheSameWorkedExamplesToAllItemsOfATask) {
    std::map<std::string, std::string> examples;
    for (const Item& item : reasoning_items(request(70))) {
        const std::string shown = item.prompt.substr(0, item.prompt.rfind("\n\n"));
        EXPECT_EQ(examples.emplace(item.task, shown).first->second, shown);
    }
}

std::size_t lines(const std::string& text) {
    return 1 + std::count(text.begin(), text.end(), '\n');
}

bool adheres(const Item& item, const std::string& answer) {
    const std::string& ask = item.prompt;
    const auto asks = [&](const char* part) { return ask.find(part) != std::string::npos; };
    std::smatch match;
    if (item.task == "letter_case")
        return std::none_of(answer.begin(), answer.end(),
                            [&](unsigned char c) { return asks("UPPER") ? std::islower(c) : std::isupper(c); });
    if (item.task == "json") {
        const auto value = core::Json::parse(answer, nullptr, false);
        return value.is_object() && value.size() == 3 && value.contains("name") && value.contains("age") &&
               value.contains("place");
    }
    if (item.task == "bullets") return lines(answer) == (asks("three bullet") ? 3u : 2u);
    if (item.task == "ending")
        return std::regex_search(ask, match, std::regex("the words \"([^\"]+)\"")) && answer.ends_with(match[1].str());
    if (item.task == "language") {
        static const std::regex german(
            "guten|vielen|das Haus|Hunger|Wasser|Nacht|Bahnhof|Bruder|der Hund|Brot|dich|Buch");
        return std::regex_search(answer, german) == asks("German");
    }
    if (item.task == "wrapping") return answer.front() == (asks("double") ? '"' : asks("round") ? '(' : '[');
    if (item.task == "keyword")
        return std::regex_search(ask, match, std::regex("the word \"(\\w+)\"")) &&
               answer.find(match[1].str()) != std::string::npos;
    if (item.task == "separator") return (answer.find(',') != std::string::npos) == asks("commas");
    if (item.task == "repetition") return words(answer).size() == (asks("two times") ? 2u : 4u);
    if (item.task == "list_style") return answer.starts_with(asks("numbered") ? "1." : "-");
    if (item.task == "opening")
        return std::regex_search(ask, match, std::regex("with \"(Dear \\w+)\"")) && answer.starts_with(match[1].str());
    ADD_FAILURE() << "no checker for " << item.task;
    return false;
}

TEST(Instructions, TheGoldAnswerAdheresAndTheOtherDoesNot) {
    for (const Item& item : instruction_items(request(660))) {
        EXPECT_TRUE(adheres(item, item.options[item.gold])) << item.prompt << "\n" << item.options[item.gold];
        EXPECT_FALSE(adheres(item, item.options[1 - item.gold])) << item.prompt << "\n" << item.options[1 - item.gold];
    }
}

// Of the balanced tasks, about half ask for either form: a fixed preference scores chance.
TEST(Instructions, BalancedTasksAskForEitherForm) {
    std::map<std::string, std::pair<int, int>> counts;
    for (const Item& item : instruction_items(request(1100))) {
        auto& [first, total] = counts[item.task];
        const std::string& gold = item.options[item.gold];
        const std::string& other = item.options[1 - item.gold];
        first += gold < other;
        ++total;
    }
    for (const char* task : {"letter_case", "bullets", "language", "separator", "repetition", "list_style"}) {
        EXPECT_GT(counts[task].first, 0.3 * counts[task].second) << task;
        EXPECT_LT(counts[task].first, 0.7 * counts[task].second) << task;
    }
}

TEST(Consistency, PairsAskTheSameQuestionOfTheSameFacts) {
    const auto items = consistency_items(request(200));
    ASSERT_EQ(items.size(), 200u);
    for (std::size_t i = 0; i < items.size(); i += 2) {
        const Item &a = items[i], &b = items[i + 1];
        EXPECT_EQ(a.cluster, b.cluster);
        EXPECT_EQ(gold_text(a), gold_text(b));
        EXPECT_EQ(std::set<std::string>(a.options.begin(), a.options.end()),
                  std::set<std::string>(b.options.begin(), b.options.end()));
        EXPECT_NE(a.prompt, b.prompt);
    }
}

}  // namespace
}  // namespace scale::quality
