// Numbers of accounts: payment cards and IBANs. Both carry check digits, so an accidental number rarely passes.

#include <algorithm>
#include <array>
#include <string>

#include "calibration/redaction/checksums.h"
#include "calibration/redaction/finding.h"

namespace scale::calibration {

namespace {

constexpr std::size_t shortest_card = 12;
constexpr std::size_t longest_card = 19;

// Issuer identification numbers: the networks' published ranges and the lengths they use (ISO/IEC 7812).
bool known_issuer(std::string_view digits) {
    const auto prefix = [&](std::size_t length) { return std::stoi(std::string(digits.substr(0, length))); };
    const std::size_t n = digits.size();
    const int two = prefix(2);
    const int four = prefix(4);
    const auto between = [](int value, int low, int high) { return value >= low && value <= high; };
    if (digits[0] == '4') return n == 13 || n == 16 || n == 19;
    if (between(two, 51, 55) || between(four, 2221, 2720)) return n == 16;
    if (two == 34 || two == 37 || four == 2131 || four == 1800) return n == 15;
    if (between(prefix(3), 300, 305) || two == 36 || two == 38 || two == 39) return n >= 14;
    if (two == 35) return n >= 16;
    if (four == 6011 || two == 65 || between(prefix(3), 644, 649) || two == 62) return n >= 16;
    return (two == 50 || between(two, 56, 69)) && n >= 12;  // Maestro
}

bool may_begin_card(std::string_view text, std::size_t at) {
    if (at == 0) return true;
    if (is_word_byte(text[at - 1])) return false;
    return !(text[at - 1] == '.' && at > 1 && is_digit_byte(text[at - 2]));
}

// The longest card number that begins here: digits, all in one group or in groups with the same separator. 0 for none.
std::size_t card_end(std::string_view text, std::size_t begin, bool& ours) {
    std::string digits;
    char separator = 0;
    std::size_t best = 0;
    for (std::size_t at = begin; at < text.size() && digits.size() <= longest_card; ++at) {
        if (!is_digit_byte(text[at])) {
            const bool joins = (text[at] == ' ' || text[at] == '-') && at + 1 < text.size() &&
                               is_digit_byte(text[at + 1]) && (separator == 0 || separator == text[at]);
            if (!joins) break;
            separator = text[at];
            continue;
        }
        digits += text[at];
        const bool ends = at + 1 == text.size() || !is_word_byte(text[at + 1]);
        if (!ends || digits.size() < shortest_card || digits.size() > longest_card || !luhn_holds(digits)) continue;
        const bool pseudonym = digits.starts_with("000");
        if (!pseudonym && !known_issuer(digits)) continue;
        ours = pseudonym;
        best = at + 1;
    }
    return best;
}

struct IbanLength {
    std::string_view country;
    std::size_t length;
};

// ISO 13616, the registry kept by SWIFT.
constexpr std::array iban_lengths = std::to_array<IbanLength>({
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
    {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DK", 18}, {"DO", 28},
    {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20},
    {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MR", 27}, {"MT", 31}, {"MU", 30},
    {"NL", 18}, {"NO", 15}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
    {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"ST", 25}, {"SV", 28},
    {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20},
});

char upper(char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::size_t iban_length(char first, char second) {
    const std::array country{upper(first), upper(second)};
    for (const IbanLength& entry : iban_lengths)
        if (entry.country == std::string_view(country.data(), country.size())) return entry.length;
    return 0;
}

// The end of an IBAN that begins here, its characters in groups with single spaces or hyphens; 0 for none.
std::size_t iban_end(std::string_view text, std::size_t begin, bool& ours) {
    const std::size_t wanted = iban_length(text[begin], text[begin + 1]);
    if (wanted == 0) return 0;
    std::string bare;
    std::size_t at = begin;
    while (at < text.size() && bare.size() < wanted) {
        const bool separator =
            (text[at] == ' ' || text[at] == '-') && at + 1 < text.size() && is_word_byte(text[at + 1]);
        if (!separator && (!is_word_byte(text[at]) || (text[at] & 0x80) != 0)) return 0;
        if (!separator) bare += text[at];
        ++at;
    }
    if (bare.size() != wanted || (at < text.size() && is_word_byte(text[at]))) return 0;
    ours = bare.substr(2, 2) == "00";
    return ours || mod97_holds(bare) ? at : 0;
}

}  // namespace

void find_cards(std::string_view text, Findings& found) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!is_digit_byte(text[at]) || !may_begin_card(text, at)) continue;
        bool ours = false;
        const std::size_t end = card_end(text, at, ours);
        if (end == 0) continue;
        found.push_back({at, end, Sensitive::card, ours ? nullptr : card_like});
        at = end - 1;
    }
}

void find_ibans(std::string_view text, Findings& found) {
    for (std::size_t at = 0; at + 15 <= text.size(); ++at) {
        if (is_digit_byte(text[at]) || !is_word_byte(text[at]) || !is_digit_byte(text[at + 2]) ||
            !is_digit_byte(text[at + 3]) || (at > 0 && is_word_byte(text[at - 1])))
            continue;
        bool ours = false;
        const std::size_t end = iban_end(text, at, ours);
        if (end == 0) continue;
        found.push_back({at, end, Sensitive::iban, ours ? nullptr : iban_like});
        at = end - 1;
    }
}

}  // namespace scale::calibration
