#include "quality/answer/check.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "quality/answer/numbers.h"
#include "quality/instruction_checkers/checkers.h"
#include "quality/json_schema/json_schema.h"

namespace scale::quality {
namespace {

using core::Json;

bool word_byte(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || static_cast<unsigned char>(c) >= 0x80 || c == '_';
}

// Where `word` last stands in `text` between other than letters and digits.
std::size_t last_word(const std::string& text, const std::string& word) {
    for (std::size_t at = text.rfind(word); at != std::string::npos; at = text.rfind(word, at - 1)) {
        const std::size_t end = at + word.size();
        if ((at == 0 || !word_byte(text[at - 1])) && (end == text.size() || !word_byte(text[end]))) return at;
        if (at == 0) break;
    }
    return std::string::npos;
}

Judged judged(bool right, std::string answer, std::string problem) {
    return {right, right ? 1.0 : 0.0, std::move(answer), right ? std::string() : std::move(problem)};
}

Judged judge_number(const Json& check, const std::string&, const std::string& text) {
    const auto gold = normal_number(check.at("answer").get<std::string>());
    const auto found = final_number(text, check.value("extraction", "flexible") == "strict");
    if (!found) return judged(false, "", "no number was found");
    return judged(found == gold, *found, fmt::format("{} where {} is right", *found, gold.value_or("?")));
}

Judged judge_word(const Json& check, const std::string&, const std::string& text) {
    const std::string lower = core::to_lower(text);
    const auto gold = check.at("answer").get<std::string>();
    std::vector<std::string> words = check.at("others").get<std::vector<std::string>>();
    words.push_back(gold);
    std::string named;
    std::size_t place = 0;
    for (const std::string& word : words) {
        const std::size_t at = last_word(lower, core::to_lower(word));
        // Of two that end in the same place ("left", "not left"), the longer one was said.
        if (at == std::string::npos) continue;
        const std::size_t end = at + word.size();
        if (named.empty() || end > place || (end == place && word.size() > named.size())) {
            named = word;
            place = end;
        }
    }
    if (named.empty()) return judged(false, "", "none of the possible answers is named");
    return judged(named == gold, named, fmt::format("{} where {} is right", named, gold));
}

Judged judge_all_words(const Json& check, const std::string&, const std::string& text) {
    const std::string lower = core::to_lower(text);
    const auto answers = check.at("answers").get<std::vector<std::string>>();
    std::vector<std::string> found, missing, wrong;
    for (const std::string& answer : answers)
        (last_word(lower, core::to_lower(answer)) != std::string::npos ? found : missing).push_back(answer);
    for (const std::string& other : check.value("others", std::vector<std::string>()))
        if (last_word(lower, core::to_lower(other)) != std::string::npos) wrong.push_back(other);
    std::string problem = missing.empty() ? "" : fmt::format("missing: {}", fmt::join(missing, ", "));
    if (!wrong.empty())
        problem += fmt::format("{}not asked for: {}", problem.empty() ? "" : "; ", fmt::join(wrong, ", "));
    Judged result = judged(problem.empty(), fmt::format("{}", fmt::join(found, " ")), problem);
    result.score = static_cast<double>(found.size()) / static_cast<double>(answers.size());
    return result;
}

Judged judge_next_word(const Json& check, const std::string&, const std::string& text) {
    const auto gold = core::to_lower(check.at("answer").get<std::string>());
    const std::string lower = core::to_lower(text);
    std::size_t begin = 0;
    while (begin < lower.size() && !word_byte(lower[begin])) ++begin;
    std::size_t end = begin;
    while (end < lower.size() && (word_byte(lower[end]) || ((lower[end] == '\'' || lower[end] == '-') &&
                                                            end + 1 < lower.size() && word_byte(lower[end + 1]))))
        ++end;
    const std::string word = lower.substr(begin, end - begin);
    return judged(word == gold, word, fmt::format("goes on with '{}' where '{}' stands", word, gold));
}

bool followed(const Json& instruction, const std::string& prompt, const std::string& text, InstructionRules rules,
              bool loose) {
    const auto id = core::required<std::string>(instruction, "id", "an instruction");
    const auto arguments = core::required<Json>(instruction, "arguments", "an instruction");
    if (!loose) return follows(id, arguments, prompt, text, rules);
    const auto variants = loose_variants(text);
    return std::any_of(variants.begin(), variants.end(),
                       [&](const std::string& variant) { return follows(id, arguments, prompt, variant, rules); });
}

Judged judge_instructions(const Json& check, const std::string& prompt, const std::string& text) {
    const InstructionRules rules = instruction_rules(check.value("rules", "fixed"));
    const bool loose = check.value("score", "strict") == "loose";
    const auto list = core::required<Json>(check, "list", "an item's check");
    std::vector<std::string> broken;
    for (const Json& instruction : list)
        if (!followed(instruction, prompt, text, rules, loose))
            broken.push_back(instruction.at("id").get<std::string>());
    Judged result = judged(broken.empty(), "", fmt::format("not followed: {}", fmt::join(broken, ", ")));
    const double count = std::max<double>(1, static_cast<double>(list.size()));
    result.score = 1 - static_cast<double>(broken.size()) / count;
    return result;
}

// The JSON of an answer: the whole of it, what stands between a fence's lines, or else from the first brace or bracket
// to the last.
Json json_of(const std::string& text) {
    std::string body = core::trimmed(text);
    if (const std::size_t fence = body.find("```"); fence != std::string::npos) {
        const std::size_t begin = body.find('\n', fence), end = body.find("```", fence + 3);
        if (begin != std::string::npos && end != std::string::npos && begin < end)
            body = body.substr(begin + 1, end - begin - 1);
    }
    const Json whole = Json::parse(body, nullptr, false);
    if (!whole.is_discarded()) return whole;
    const std::size_t begin = body.find_first_of("{["), end = body.find_last_of("}]");
    if (begin == std::string::npos || end == std::string::npos || end < begin) return whole;
    return Json::parse(body.substr(begin, end - begin + 1), nullptr, false);
}

// The share of the right object's members that the answer has with the right value.
double members_right(const Json& gold, const Json& found) {
    if (!gold.is_object() || gold.empty() || !found.is_object()) return gold == found ? 1 : 0;
    double right = 0;
    for (const auto& [name, value] : gold.items()) right += found.contains(name) && found[name] == value ? 1 : 0;
    return right / static_cast<double>(gold.size());
}

Judged judge_json(const Json& check, const std::string&, const std::string& text) {
    const Json found = json_of(text);
    if (found.is_discarded()) return judged(false, "", "no JSON can be read");
    const std::string said = core::canonical(found);
    if (const std::string problem = JsonSchema(check.at("schema")).problem(found); !problem.empty())
        return judged(false, said, "breaks the schema at " + problem);
    if (!check.contains("gold")) return judged(true, said, "");
    Judged result = judged(found == check["gold"], said, "valid, but not what was asked for");
    result.score = members_right(check["gold"], found);
    return result;
}

}  // namespace

Judged judge_answer(const Json& check, const std::string& prompt, const std::string& text) {
    using Judge = Judged (*)(const Json&, const std::string&, const std::string&);
    static const std::map<std::string, Judge> judges{{"number", judge_number},
                                                     {"word", judge_word},
                                                     {"all_words", judge_all_words},
                                                     {"next_word", judge_next_word},
                                                     {"instructions", judge_instructions},
                                                     {"json", judge_json}};
    const auto kind = core::required<std::string>(check, "kind", "an item's check");
    const auto judge = judges.find(kind);
    if (judge == judges.end()) throw core::input_error("an item's check is of the unknown kind '" + kind + "'");
    if (core::trimmed(text).empty()) return judged(false, "", "the answer is blank");
    return judge->second(check, prompt, text);
}

}  // namespace scale::quality
