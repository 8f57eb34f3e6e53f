#include <array>
#include <cctype>
#include <string_view>

#include "cli/terminal/fit.h"

namespace scale::cli {

namespace {

// SGR parameters: bold with red, green, yellow; plain green and yellow.
struct Style {
    std::string_view word;
    std::string_view parameters;
};

// Longer ones first where one begins another.
constexpr std::array styles{
    Style{"INCONCLUSIVE", "1;33"}, Style{"NO POWER", "1;33"}, Style{"PASS", "1;32"},     Style{"FAIL", "1;31"},
    Style{"FAILED", "1;31"},       Style{"measured", "32"},   Style{"estimated", "33"},  Style{"refused:", "1;31"},
    Style{"error:", "1;31"},       Style{"next:", "1"},       Style{"Stale:", "1;33"},   Style{"stale", "33"},
    Style{"On the table", "1"},    Style{"expected:", "1"},
};

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool stands_alone(std::string_view text, std::size_t at, std::size_t length) {
    const bool before = at == 0 || !is_word_character(text[at - 1]);
    const bool after = at + length >= text.size() || !is_word_character(text[at + length]) || text[at + length - 1] == ':';
    return before && after;
}

// Labels end in a colon and count at the beginning of a line only.
bool counts(std::string_view text, std::size_t at, std::string_view word) {
    if (text.substr(at, word.size()) != word || !stands_alone(text, at, word.size())) return false;
    return word.back() != ':' || at == 0 || text[at - 1] == '\n';
}

}  // namespace

std::string paint(const std::string& text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const Style* found = nullptr;
        for (const Style& style : styles)
            if (text[at] == style.word.front() && counts(text, at, style.word)) found = &style;
        if (!found) {
            result += text[at++];
            continue;
        }
        result.append("\033[").append(found->parameters).append("m").append(found->word).append("\033[0m");
        at += found->word.size();
    }
    return result;
}

}  // namespace scale::cli
