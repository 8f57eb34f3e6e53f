#include <algorithm>

#include "core/text.h"
#include "quality/instruction_checkers/checker.h"
#include "quality/instruction_checkers/text_units.h"

namespace scale::quality {
namespace {

using core::Json;

bool number_sentences(const Json& arguments, const Response& response) {
    return in_relation(count_sentences(response.text), argument<std::string>(arguments, "relation"),
                       argument<int>(arguments, "num_sentences"));
}

bool number_words(const Json& arguments, const Response& response) {
    return in_relation(static_cast<int>(word_runs(response.text).size()), argument<std::string>(arguments, "relation"),
                       argument<int>(arguments, "num_words"));
}

std::vector<std::string> split(const std::string& text, const std::string& separator) {
    std::vector<std::string> pieces;
    std::size_t begin = 0;
    for (std::size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, begin)) {
        pieces.push_back(text.substr(begin, at - begin));
        begin = at + separator.size();
    }
    pieces.push_back(text.substr(begin));
    return pieces;
}

bool blank(const std::string& text) {
    return core::trimmed(text).empty();
}

// Paragraphs stand between "***"; an empty one counts for nothing at either end and is wrong in the middle.
bool number_paragraphs(const Json& arguments, const Response& response) {
    const auto pieces = split(response.text, "***");
    int count = 0;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        if (!blank(pieces[i])) {
            ++count;
        } else if (i != 0 && i + 1 != pieces.size()) {
            return false;
        }
    }
    return count == argument<int>(arguments, "num_paragraphs");
}

// The first word in lower case: without quotation marks before it, up to the first mark of punctuation.
std::string first_word(const std::string& paragraph) {
    const std::string text = lower_case(core::trimmed(paragraph));
    std::size_t begin = 0;
    while (begin < text.size() && (text[begin] == '\'' || text[begin] == '"')) ++begin;
    const std::size_t end = std::min(text.find_first_of(" \t\r\n.,?!'\"", begin), text.size());
    return text.substr(begin, end - begin);
}

bool nth_paragraph_first_word(const Json& arguments, const Response& response) {
    const auto wanted = argument<int>(arguments, "num_paragraphs"), nth = argument<int>(arguments, "nth_paragraph");
    auto pieces = split(response.text, "\n\n");
    const auto count = std::count_if(pieces.begin(), pieces.end(), [](const auto& piece) { return !blank(piece); });
    if (response.rules == InstructionRules::fixed) std::erase_if(pieces, blank);
    if (nth < 1 || nth > count || static_cast<std::size_t>(nth) > pieces.size()) return false;
    const std::string& paragraph = pieces[static_cast<std::size_t>(nth) - 1];
    return !blank(paragraph) && count == wanted &&
           first_word(paragraph) == lower_case(argument<std::string>(arguments, "first_word"));
}

}  // namespace

Checkers length_checkers() {
    return {{"length_constraints:number_sentences", number_sentences},
            {"length_constraints:number_words", number_words},
            {"length_constraints:number_paragraphs", number_paragraphs},
            {"length_constraints:nth_paragraph_first_word", nth_paragraph_first_word}};
}

}  // namespace scale::quality
