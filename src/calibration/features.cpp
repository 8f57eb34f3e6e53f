#include "calibration/features.h"

#include <algorithm>
#include <array>
#include <string>

#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t scanned_bytes = std::size_t{64} << 10;  // of a message; formats show early

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alnum(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

bool contains_word(std::string_view lower, std::string_view word) {
    for (auto at = lower.find(word); at != std::string_view::npos; at = lower.find(word, at + 1)) {
        const bool starts = at == 0 || !is_alnum(lower[at - 1]);
        const bool ends = at + word.size() == lower.size() || !is_alnum(lower[at + word.size()]);
        if (starts && ends) return true;
    }
    return false;
}

std::string_view without_indent(std::string_view line) {
    const auto first = line.find_first_not_of(" \t\r");
    return first == std::string_view::npos ? std::string_view() : line.substr(first);
}

bool code_line(std::string_view line) {
    line = without_indent(line);
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
    if (line.size() < 2) return false;
    static constexpr std::array starts{
        "#include", "import ", "def ",  "class ",   "function ", "public ", "private ",     "const ", "let ", "var ",
        "return ",  "fn ",     "func ", "package ", "SELECT ",   "INSERT ", "CREATE TABLE", "<?php",  "#!/"};
    const bool ends = line.back() == ';' || line.back() == '{' || line.ends_with("):") || line.ends_with("->");
    const bool begins = std::any_of(starts.begin(), starts.end(), [&](const char* s) { return line.starts_with(s); });
    const bool keyword_prose = begins && (line.back() == '.' || line.back() == '?');
    return ends || (begins && !keyword_prose && line.find_first_of("(=<{*\"/;.") != std::string_view::npos);
}

bool list_line(std::string_view line) {
    line = without_indent(line);
    if (line.starts_with("- ") || line.starts_with("* ") || line.starts_with("\xe2\x80\xa2")) return true;
    std::size_t digits = 0;
    while (digits < line.size() && digits < 3 && is_digit(line[digits])) ++digits;
    return digits > 0 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
           line[digits + 1] == ' ';
}

template <typename Rule>
int lines_that(std::string_view text, const Rule& rule) {
    const auto lines = core::split_lines(text);
    return static_cast<int>(std::count_if(lines.begin(), lines.end(), rule));
}

// "3 + 4", "12*7", "x = 5"; a hyphen counts only between spaces, since dates and ranges have it.
bool has_arithmetic(std::string_view text) {
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        const char c = text[i];
        if (std::string_view("+*/=^-").find(c) == std::string_view::npos) continue;
        const bool spaced = text[i - 1] == ' ' && text[i + 1] == ' ';
        if ((c == '-' || c == '/') && !spaced) continue;
        std::size_t left = i;
        while (left > 0 && text[left - 1] == ' ') --left;
        std::size_t right = i + 1;
        while (right < text.size() && text[right] == ' ') ++right;
        if (left > 0 && right < text.size() && is_digit(text[right]) &&
            (is_digit(text[left - 1]) || text[left - 1] == ')'))
            return true;
    }
    return false;
}

int count_numbers(std::string_view text) {
    int numbers = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (is_digit(text[i]) && (i == 0 || !is_alnum(text[i - 1]))) ++numbers;
    return numbers;
}

bool in_any_text(const Request& request, bool (*rule)(std::string_view)) {
    const auto holds = [&](const std::string& text) { return rule(std::string_view(text).substr(0, scanned_bytes)); };
    if (holds(request.prompt) || holds(request.answer)) return true;
    return std::any_of(request.messages.begin(), request.messages.end(),
                       [&](const Message& message) { return message.role != "system" && holds(message.content); });
}

}  // namespace

std::string_view format_name(Format format) {
    static constexpr std::array names{"tools", "json", "code", "table", "math", "list", "multi-turn", "plain"};
    return names[static_cast<std::size_t>(format)];
}

std::string_view length_name(Length length) {
    static constexpr std::array names{"short", "medium", "long", "very long"};
    return names[static_cast<std::size_t>(length)];
}

bool looks_like_json(std::string_view text) {
    if (contains_word(core::to_lower(text), "json")) return true;
    const auto skip_space = [&](std::size_t at) {
        return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
    };
    for (auto at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
        const std::size_t key = skip_space(at + 1);
        if (key >= text.size() || text[key] != '"') continue;
        const auto close = text.find('"', key + 1);
        if (close == std::string_view::npos) return false;
        const std::size_t colon = skip_space(close + 1);
        if (colon < text.size() && text[colon] == ':') return true;
    }
    return false;
}

bool looks_like_code(std::string_view text) {
    return text.find("```") != std::string_view::npos || lines_that(text, code_line) >= 2;
}

bool looks_like_table(std::string_view text) {
    const auto bars = [](std::string_view line) { return std::count(line.begin(), line.end(), '|') >= 2; };
    const auto tabs = [](std::string_view line) {
        line = without_indent(line);
        return line.find('\t') != std::string_view::npos;
    };
    return lines_that(text, bars) >= 2 || lines_that(text, tabs) >= 2;
}

bool looks_like_math(std::string_view text) {
    for (const char* tex : {"\\frac", "\\sum", "\\int", "\\sqrt", "\\(", "\\[", "$$"})
        if (text.find(tex) != std::string_view::npos) return true;
    if (has_arithmetic(text)) return true;
    const std::string lower = core::to_lower(text);
    const bool asks = lower.find("how many") != std::string::npos || lower.find("how much") != std::string::npos ||
                      contains_word(lower, "calculate") || contains_word(lower, "percent");
    return asks && count_numbers(text) >= 2;
}

bool looks_like_list(std::string_view text) {
    return lines_that(text, list_line) >= 2;
}

Format format_of(const Request& request) {
    if (request.uses_tools) return Format::tools;
    if (request.asks_json || in_any_text(request, looks_like_json)) return Format::json;
    if (in_any_text(request, looks_like_code)) return Format::code;
    if (in_any_text(request, looks_like_table)) return Format::table;
    if (in_any_text(request, looks_like_math)) return Format::math;
    if (in_any_text(request, looks_like_list)) return Format::list;
    return request.user_turns() >= 2 ? Format::multi_turn : Format::plain;
}

Length length_of(const Request& request) {
    std::size_t bytes = request.prompt.size() + request.answer.size();
    for (const Message& message : request.messages) bytes += message.content.size();
    if (bytes < 256) return Length::brief;
    if (bytes < 1024) return Length::medium;
    return bytes < 4096 ? Length::extended : Length::very_long;
}

}  // namespace scale::calibration
