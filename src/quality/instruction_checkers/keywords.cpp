#include <algorithm>
#include <cctype>

#include "core/hash.h"
#include "quality/instruction_checkers/checker.h"
#include "quality/instruction_checkers/text_units.h"

namespace scale::quality {
namespace {

using core::Json;

bool literal(const Response& response) {
    return response.rules == InstructionRules::fixed;
}

bool existence(const Json& arguments, const Response& response) {
    const auto keywords = argument<std::vector<std::string>>(arguments, "keywords");
    return std::all_of(keywords.begin(), keywords.end(), [&](const std::string& keyword) {
        return count_matches(response.text, keyword, literal(response)) > 0;
    });
}

bool frequency(const Json& arguments, const Response& response) {
    const int count = count_matches(response.text, argument<std::string>(arguments, "keyword"), literal(response));
    return in_relation(count, argument<std::string>(arguments, "relation"), argument<int>(arguments, "frequency"));
}

bool forbidden_words(const Json& arguments, const Response& response) {
    const auto words = argument<std::vector<std::string>>(arguments, "forbidden_words");
    return std::none_of(words.begin(), words.end(),
                        [&](const std::string& word) { return has_word(response.text, word); });
}

bool letter_frequency(const Json& arguments, const Response& response) {
    std::string letter = lower_case(argument<std::string>(arguments, "letter"));
    const bool is_letter = letter.size() == 1 && std::isalpha(static_cast<unsigned char>(letter[0])) != 0;
    if (!is_letter && response.rules == InstructionRules::compat)
        letter = std::string(
            1, static_cast<char>('a' + std::stoi(core::sha256_hex(response.prompt).substr(0, 4), nullptr, 16) % 26));
    const std::string text = lower_case(response.text);
    int count = 0;
    for (std::size_t at = text.find(letter); at != std::string::npos; at = text.find(letter, at + letter.size()))
        ++count;
    return in_relation(count, argument<std::string>(arguments, "let_relation"),
                       argument<int>(arguments, "let_frequency"));
}

bool response_language(const Json& arguments, const Response& response) {
    const std::string found = language_of(response.text);
    return found.empty() || found == argument<std::string>(arguments, "language");
}

}  // namespace

Checkers keyword_checkers() {
    return {{"keywords:existence", existence},
            {"keywords:frequency", frequency},
            {"keywords:forbidden_words", forbidden_words},
            {"keywords:letter_frequency", letter_frequency},
            {"language:response_language", response_language}};
}

}  // namespace scale::quality
