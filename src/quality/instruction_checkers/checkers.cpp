#include "quality/instruction_checkers/checkers.h"

#include <algorithm>

#include "core/error.h"
#include "core/text.h"
#include "quality/instruction_checkers/checker.h"

namespace scale::quality {
namespace {

const Checkers& all_checkers() {
    static const Checkers all = [] {
        Checkers merged;
        for (auto part : {keyword_checkers(), length_checkers(), form_checkers(), whole_checkers()}) merged.merge(part);
        return merged;
    }();
    return all;
}

std::string without_stars(std::string text) {
    std::erase(text, '*');
    return text;
}

}  // namespace

InstructionRules instruction_rules(const std::string& name) {
    if (name == "compat") return InstructionRules::compat;
    if (name == "fixed") return InstructionRules::fixed;
    throw core::input_error("'" + name + "' is not a set of rules for instructions", "compat or fixed");
}

const std::vector<std::string>& instruction_ids() {
    static const std::vector<std::string> ids{"keywords:existence",
                                              "keywords:frequency",
                                              "keywords:forbidden_words",
                                              "keywords:letter_frequency",
                                              "language:response_language",
                                              "length_constraints:number_sentences",
                                              "length_constraints:number_paragraphs",
                                              "length_constraints:number_words",
                                              "length_constraints:nth_paragraph_first_word",
                                              "detectable_content:number_placeholders",
                                              "detectable_content:postscript",
                                              "detectable_format:number_bullet_lists",
                                              "detectable_format:constrained_response",
                                              "detectable_format:number_highlighted_sections",
                                              "detectable_format:multiple_sections",
                                              "detectable_format:json_format",
                                              "detectable_format:title",
                                              "combination:two_responses",
                                              "combination:repeat_prompt",
                                              "startend:end_checker",
                                              "change_case:capital_word_frequency",
                                              "change_case:english_capital",
                                              "change_case:english_lowercase",
                                              "punctuation:no_comma",
                                              "startend:quotation"};
    return ids;
}

bool in_relation(int count, const std::string& relation, int limit) {
    if (relation == "less than") return count < limit;
    if (relation == "at least") return count >= limit;
    throw core::input_error("an instruction's relation is '" + relation + "'", "less than, or at least");
}

bool follows(const std::string& id, const core::Json& arguments, const std::string& prompt, const std::string& response,
             InstructionRules rules) {
    const auto checker = all_checkers().find(id);
    if (checker == all_checkers().end())
        throw core::input_error("'" + id + "' is not an instruction that can be checked",
                                "one of IFEval's 25, such as keywords:existence",
                                "did you mean " + core::nearest(id, instruction_ids()) + "?");
    if (core::trimmed(response).empty()) return false;
    return checker->second(arguments, {prompt, response, rules});
}

std::vector<std::string> loose_variants(const std::string& response) {
    const std::size_t first = response.find('\n'), last = response.rfind('\n');
    const bool lines = first != std::string::npos;
    const std::string no_first = lines ? response.substr(first + 1) : std::string();
    const std::string no_last = lines ? response.substr(0, last) : std::string();
    const std::string neither = lines && first < last ? response.substr(first + 1, last - first - 1) : std::string();
    std::vector<std::string> variants;
    for (const std::string& text :
         {response, core::trimmed(no_first), core::trimmed(no_last), core::trimmed(neither)}) {
        variants.push_back(text);
        variants.push_back(without_stars(text));
    }
    return variants;
}

}  // namespace scale::quality
