#include "quality/answer/numbers.h"

#include <algorithm>
#include <cctype>

namespace scale::quality {
namespace {

bool digit(char c) {
    return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// A number begins at `at`: its end, after digits with commas between groups and one fraction.
std::size_t number_end(const std::string& text, std::size_t at) {
    const auto digit_at = [&](std::size_t i) { return i < text.size() && digit(text[i]); };
    while (digit_at(at) || (at < text.size() && text[at] == ',' && digit_at(at + 1) && digit_at(at + 2) &&
                            digit_at(at + 3) && !digit_at(at + 4)))
        ++at;
    if (at < text.size() && text[at] == '.' && digit_at(at + 1))
        for (++at; digit_at(at);) ++at;
    return at;
}

struct Place {
    std::size_t begin, end;
};

// The first number at or after `from`; a minus belongs to it unless it follows a digit, a letter or a bracket.
std::optional<Place> next_number(const std::string& text, std::size_t from) {
    for (std::size_t i = from; i < text.size(); ++i) {
        if (!digit(text[i])) continue;
        std::size_t begin = i;
        if (begin > from && text[begin - 1] == '$') --begin;
        const bool minus = begin > from && text[begin - 1] == '-';
        const bool operand =
            minus && begin > 1 && (std::isalnum(static_cast<unsigned char>(text[begin - 2])) || text[begin - 2] == ')');
        if (minus && !operand) --begin;
        return Place{begin, number_end(text, i)};
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> normal_number(const std::string& text) {
    std::string digits;
    bool negative = false, point = false;
    for (const char c : text) {
        if (digit(c) || (c == '.' && !point && !digits.empty())) {
            digits += c;
            point = point || c == '.';
        } else if (c == '-' && digits.empty()) {
            negative = true;
        } else if (c != ',' && c != '$' && c != ' ') {
            return std::nullopt;
        }
    }
    if (digits.empty()) return std::nullopt;
    if (point) digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
    digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));
    if (digits[0] == '.') digits.insert(digits.begin(), '0');
    if (negative && digits != "0") digits.insert(digits.begin(), '-');
    return digits;
}

std::optional<std::string> final_number(const std::string& text, bool strict) {
    if (const std::size_t marker = text.rfind("####"); marker != std::string::npos) {
        const auto place = next_number(text, marker + 4);
        const std::size_t line = std::min(text.find('\n', marker), text.size());
        if (place && place->begin < line) return normal_number(text.substr(place->begin, place->end - place->begin));
    }
    if (strict) return std::nullopt;
    std::optional<Place> last;
    for (auto place = next_number(text, 0); place; place = next_number(text, place->end)) last = place;
    if (!last) return std::nullopt;
    return normal_number(text.substr(last->begin, last->end - last->begin));
}

}  // namespace scale::quality
