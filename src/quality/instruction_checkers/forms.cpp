#include <re2/re2.h>

#include "core/text.h"
#include "quality/instruction_checkers/checker.h"
#include "quality/instruction_checkers/text_units.h"

namespace scale::quality {
namespace {

using core::Json;
using re2::RE2;

std::vector<std::string> matches(const std::string& text, const RE2& pattern) {
    std::vector<std::string> found;
    re2::StringPiece match;
    for (std::size_t at = 0; at < text.size() && pattern.Match(text, at, text.size(), RE2::UNANCHORED, &match, 1);) {
        found.push_back(std::string(match));
        at = static_cast<std::size_t>(match.data() - text.data()) + std::max<std::size_t>(match.size(), 1);
    }
    return found;
}

// What is left between marks such as "**" says something.
bool says(const std::string& marked, const char* marks) {
    const std::size_t begin = marked.find_first_not_of(marks);
    if (begin == std::string::npos) return false;
    return !core::trimmed(marked.substr(begin, marked.find_last_not_of(marks) - begin + 1)).empty();
}

bool number_placeholders(const Json& arguments, const Response& response) {
    static const RE2 placeholder(R"(\[.*?\])");
    return static_cast<int>(matches(response.text, placeholder).size()) >= argument<int>(arguments, "num_placeholders");
}

bool postscript(const Json& arguments, const Response& response) {
    const auto marker = argument<std::string>(arguments, "postscript_marker");
    const std::string form = marker == "P.P.S"  ? R"(p\.\s?p\.\s?s)"
                             : marker == "P.S." ? R"(p\.\s?s\.)"
                                                : RE2::QuoteMeta(lower_case(marker));
    const bool anywhere = response.rules == InstructionRules::compat;
    const RE2 pattern((anywhere ? "" : R"((?m)^\s*)") + form);
    return RE2::PartialMatch(lower_case(response.text), pattern);
}

bool number_bullet_lists(const Json& arguments, const Response& response) {
    static const RE2 star(R"((?m)^\s*\*[^*\n].*$)"), dash(R"((?m)^\s*-.*$)");
    const auto bullets = matches(response.text, star).size() + matches(response.text, dash).size();
    return static_cast<int>(bullets) == argument<int>(arguments, "num_bullets");
}

bool constrained_response(const Json&, const Response& response) {
    for (const char* answer : {"My answer is yes.", "My answer is no.", "My answer is maybe."})
        if (response.text.find(answer) != std::string::npos) return true;
    return false;
}

bool number_highlighted_sections(const Json& arguments, const Response& response) {
    static const RE2 single(R"(\*[^\n*]*\*)"), paired(R"(\*\*[^\n*]*\*\*)");
    int count = 0;
    for (const auto* form : {&single, &paired})
        for (const std::string& match : matches(response.text, *form)) count += says(match, "*") ? 1 : 0;
    return count >= argument<int>(arguments, "num_highlights");
}

bool multiple_sections(const Json& arguments, const Response& response) {
    const auto splitter = argument<std::string>(arguments, "section_spliter");
    const RE2 pattern(R"(\s?)" + RE2::QuoteMeta(splitter) + R"(\s?\d+\s?)");
    return static_cast<int>(matches(response.text, pattern).size()) >= argument<int>(arguments, "num_sections");
}

// A fence of Markdown round it does not count.
bool json_format(const Json&, const Response& response) {
    std::string text = core::trimmed(response.text);
    for (const char* fence : {"```json", "```Json", "```JSON", "```"})
        if (text.starts_with(fence)) text.erase(0, std::string_view(fence).size());
    if (text.ends_with("```")) text.erase(text.size() - 3);
    return Json::accept(core::trimmed(text));
}

bool title(const Json&, const Response& response) {
    static const RE2 pattern(R"(<<[^\n]+>>)");
    for (const std::string& match : matches(response.text, pattern))
        if (says(match, "<>")) return true;
    return false;
}

}  // namespace

Checkers form_checkers() {
    return {{"detectable_content:number_placeholders", number_placeholders},
            {"detectable_content:postscript", postscript},
            {"detectable_format:number_bullet_lists", number_bullet_lists},
            {"detectable_format:constrained_response", constrained_response},
            {"detectable_format:number_highlighted_sections", number_highlighted_sections},
            {"detectable_format:multiple_sections", multiple_sections},
            {"detectable_format:json_format", json_format},
            {"detectable_format:title", title}};
}

}  // namespace scale::quality
