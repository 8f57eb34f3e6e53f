#include "quality/instruction_checkers/conflicts.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "quality/instruction_checkers/checkers.h"

namespace scale::quality {
namespace {

using Names = std::set<std::string>;

// Some forms determine the whole answer; they go together with a few instructions only.
const std::map<std::string, Names>& exclusive() {
    static const std::map<std::string, Names> allowed{
        {"detectable_format:json_format",
         {"keywords:existence", "keywords:forbidden_words", "change_case:english_lowercase",
          "detectable_content:number_placeholders"}},
        {"detectable_format:constrained_response",
         {"keywords:forbidden_words", "punctuation:no_comma", "detectable_format:title", "startend:quotation",
          "detectable_content:postscript"}},
        {"combination:repeat_prompt",
         {"keywords:existence", "detectable_content:postscript", "detectable_format:title", "startend:end_checker",
          "detectable_format:number_highlighted_sections", "detectable_content:number_placeholders"}},
        {"language:response_language",
         {"punctuation:no_comma", "detectable_format:title", "startend:quotation",
          "detectable_format:number_bullet_lists", "length_constraints:number_sentences",
          "length_constraints:number_words", "length_constraints:number_paragraphs",
          "detectable_format:number_highlighted_sections"}}};
    return allowed;
}

const std::vector<Names>& groups() {
    static const std::vector<Names> together{
        // One case for all letters, or a share of them.
        {"change_case:english_capital", "change_case:english_lowercase", "change_case:capital_word_frequency"},
        // "Section 1" is written so and not otherwise.
        {"change_case:english_capital", "detectable_format:multiple_sections"},
        {"change_case:english_lowercase", "detectable_format:multiple_sections"},
        // Each divides the text in its own way.
        {"length_constraints:number_paragraphs", "length_constraints:nth_paragraph_first_word",
         "combination:two_responses", "detectable_format:multiple_sections"},
        {"length_constraints:number_sentences", "length_constraints:number_words"},
        {"length_constraints:number_sentences", "detectable_format:number_bullet_lists"},
        // Both want the last words.
        {"detectable_content:postscript", "startend:end_checker"}};
    return together;
}

bool excluded(const std::string& a, const std::string& b) {
    const auto rule = exclusive().find(a);
    return rule != exclusive().end() && !rule->second.count(b);
}

}  // namespace

bool conflict(const std::string& a, const std::string& b) {
    if (a == b || excluded(a, b) || excluded(b, a)) return true;
    return std::any_of(groups().begin(), groups().end(),
                       [&](const Names& group) { return group.count(a) && group.count(b); });
}

}  // namespace scale::quality
