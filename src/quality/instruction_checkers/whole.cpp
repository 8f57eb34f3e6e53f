#include <algorithm>

#include "core/text.h"
#include "quality/instruction_checkers/checker.h"
#include "quality/instruction_checkers/text_units.h"

namespace scale::quality {
namespace {

using core::Json;

// Two different answers with "******" between them.
bool two_responses(const Json&, const Response& response) {
    constexpr std::string_view separator = "******";
    std::vector<std::string> pieces;
    std::size_t begin = 0;
    for (std::size_t at = response.text.find(separator); at != std::string::npos;
         at = response.text.find(separator, begin)) {
        pieces.push_back(core::trimmed(response.text.substr(begin, at - begin)));
        begin = at + separator.size();
    }
    pieces.push_back(core::trimmed(response.text.substr(begin)));
    std::vector<std::string> answers;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (!pieces[i].empty()) {
            answers.push_back(pieces[i]);
        } else if (i != 0 && i + 1 != pieces.size()) {
            return false;
        }
    }
    return answers.size() == 2 && answers[0] != answers[1];
}

bool repeat_prompt(const Json& arguments, const Response& response) {
    const auto prompt = argument<std::string>(arguments, "prompt_to_repeat");
    return lower_case(core::trimmed(response.text)).starts_with(lower_case(core::trimmed(prompt)));
}

bool end_checker(const Json& arguments, const Response& response) {
    std::string text = core::trimmed(response.text);
    while (!text.empty() && text.back() == '"') text.pop_back();
    return lower_case(text).ends_with(lower_case(core::trimmed(argument<std::string>(arguments, "end_phrase"))));
}

bool quotation(const Json&, const Response& response) {
    const std::string text = core::trimmed(response.text);
    return text.size() > 1 && text.front() == '"' && text.back() == '"';
}

bool capital_word_frequency(const Json& arguments, const Response& response) {
    const auto words = spaced_words(response.text);
    const auto count = std::count_if(words.begin(), words.end(), all_upper);
    return in_relation(static_cast<int>(count), argument<std::string>(arguments, "capital_relation"),
                       argument<int>(arguments, "capital_frequency"));
}

bool english(const std::string& text) {
    const std::string found = language_of(text);
    return found.empty() || found == "en";
}

bool english_capital(const Json&, const Response& response) {
    return all_upper(response.text) && english(response.text);
}

bool english_lowercase(const Json&, const Response& response) {
    return all_lower(response.text) && english(response.text);
}

bool no_comma(const Json&, const Response& response) {
    return response.text.find(',') == std::string::npos;
}

}  // namespace

Checkers whole_checkers() {
    return {{"combination:two_responses", two_responses},
            {"combination:repeat_prompt", repeat_prompt},
            {"startend:end_checker", end_checker},
            {"startend:quotation", quotation},
            {"change_case:capital_word_frequency", capital_word_frequency},
            {"change_case:english_capital", english_capital},
            {"change_case:english_lowercase", english_lowercase},
            {"punctuation:no_comma", no_comma}};
}

}  // namespace scale::quality
