// Telephone numbers. They carry no check digit, so a number counts by its form: international, North American, with an
// area code in parentheses or a leading zero; any other grouping of 7 to 12 digits only behind a word such as "call".

#include <algorithm>
#include <string>

#include "calibration/redaction/finding.h"
#include "calibration/redaction/patterns.h"
#include "core/text.h"

namespace scale::calibration {

namespace {

constexpr std::size_t context_reach = 48;  // bytes
// Digits alone change; the "x" or "ext." of an extension stays.
std::string phone_like(std::string_view value, KeyedStream& stream) {
    std::string text;
    std::size_t digits = 0;
    for (const char c : value) text += !is_digit_byte(c) ? c : digits++ < 3 ? '0' : stream.digit();
    return text;
}

constexpr std::size_t longest_candidate = 40;

bool is_separator(char c) {
    return c == ' ' || c == '-' || c == '.' || c == '(' || c == ')' || c == '/';
}

bool may_begin(std::string_view text, std::size_t at) {
    const char c = text[at];
    if (c != '+' && c != '(' && !is_digit_byte(c)) return false;
    if (at == 0) return true;
    const char before = text[at - 1];
    if (is_word_byte(before) || before == '+' || before == '(' || before == '_' || before == '#' || before == '$')
        return false;
    // Not inside a longer number.
    return !((before == '-' || before == '.' || before == '/' || before == ',') && at > 1 &&
             is_word_byte(text[at - 2]));
}

// Digits with at most two separators between them, from `begin`; the end is behind the last digit.
std::size_t candidate_end(std::string_view text, std::size_t begin) {
    std::size_t end = begin;
    std::size_t separators = 0;
    for (std::size_t at = begin + (text[begin] == '+' ? 1 : 0); at < text.size() && at < begin + longest_candidate;
         ++at) {
        if (is_digit_byte(text[at])) {
            end = at + 1;
            separators = 0;
        } else if (!is_separator(text[at]) || ++separators > 2) {
            break;
        }
    }
    return end;
}

// An extension behind the number: "x4587", "ext. 12".
std::size_t with_extension(std::string_view text, std::size_t end) {
    static const re2::RE2 pattern(R"((?i) ?(?:x|ext\.?) ?\d{1,6})");
    re2::StringPiece found;
    const std::string_view rest = text.substr(end, 16);
    if (!pattern.Match({rest.data(), rest.size()}, 0, rest.size(), re2::RE2::ANCHOR_START, &found, 1)) return end;
    return end + found.size();
}

bool fits(const re2::RE2& pattern, std::string_view text) {
    return re2::RE2::FullMatch({text.data(), text.size()}, pattern);
}

// Dates, ranges of years, postal codes, prices, ISBNs and versions have groups of digits too.
bool is_other_number(std::string_view candidate) {
    static const re2::RE2 other(
        R"(\d{4}[-./]\d{1,2}[-./]\d{1,2}(?: \d{1,2})?|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?: \d{1,2})?|)"
        R"(\d{4} ?- ?\d{4}|\d{5}-\d{4}|\d{1,3}(?:[ .]000)+|\d+\.\d+|97[89][- ].*|\d{1,3}(?:\.\d{1,3}){3})");
    return fits(other, candidate);
}

bool has_own_form(std::string_view candidate) {
    static const re2::RE2 international(R"(\+[1-9][\d ().\-/]*|00[1-9][\d]*[ .\-(][\d ().\-/]*)");
    static const re2::RE2 north_american(R"((?:1[ .\-]?)?\(?[2-9]\d\d\)?[ .\-] ?\d{3}[ .\-]\d{4})");
    static const re2::RE2 area_code(R"(\(\d{2,5}\) ?\d{2,4}(?:[ .\-]?\d{2,4}){1,3})");
    static const re2::RE2 national(R"(0[1-9]\d{0,4}(?:[ .\-/]\d{2,8}){1,5}|0[1-9]\d{8,9})");
    return fits(international, candidate) || fits(north_american, candidate) || fits(area_code, candidate) ||
           fits(national, candidate);
}

bool is_spoken_of(std::string_view text, std::size_t begin, std::size_t end) {
    static const std::vector<std::string_view> before{
        "phone",        "tel",       "call",   "mobile",  "cell",    "fax",      "whatsapp", "sms",
        "dial",         "reach",     "ring",   "text me", "contact", "desk",     "hotline",  "messages to",
        "answering at", "number is", "numéro", "telefon", "handy",   "teléfono", "móvil"};
    static const std::vector<std::string_view> behind{"office", "fax", "mobile", "cell", "phone"};
    const std::string after = core::to_lower(text.substr(end, 10));
    for (const std::string_view word : behind)
        if (const auto at = after.find(word); at != std::string::npos && at <= 3) return true;
    return has_context(text, begin, context_reach, before);
}

}  // namespace

void find_phones(std::string_view text, Findings& found) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!may_begin(text, at)) continue;
        std::size_t end = candidate_end(text, at);
        const std::string_view candidate = text.substr(at, end > at ? end - at : 0);
        const auto digits = static_cast<std::size_t>(std::count_if(candidate.begin(), candidate.end(), is_digit_byte));
        if (digits < 7 || digits > 15 || (end < text.size() && is_word_byte(text[end]) && text[end] != 'x')) continue;
        std::string bare;
        std::copy_if(candidate.begin(), candidate.end(), std::back_inserter(bare), is_digit_byte);
        if (is_other_number(candidate)) continue;
        const bool ours = bare.starts_with("000") && bare.find_first_not_of('0') != std::string::npos;
        const bool accepted =
            ours || has_own_form(candidate) ||
            (digits <= 12 && candidate.find('/') == std::string_view::npos && is_spoken_of(text, at, end));
        if (!accepted) continue;
        end = with_extension(text, end);
        found.push_back({at, end, Sensitive::phone, ours ? nullptr : phone_like});
        at = end - 1;
    }
}

}  // namespace scale::calibration
