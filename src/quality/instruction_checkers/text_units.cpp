#include "quality/instruction_checkers/text_units.h"

#include <cld2/public/compact_lang_det.h>
#include <cld2/public/encodings.h>
#include <memory>
#include <re2/re2.h>
#include <unicode/brkiter.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include "core/error.h"
#include "core/text.h"

namespace scale::quality {
namespace {

bool word_character(UChar32 c) {
    return c == '_' || u_isalnum(c);
}

struct Cases {
    bool upper = false, lower = false;
};

Cases cases_of(const std::string& text) {
    Cases cases;
    const icu::UnicodeString whole = icu::UnicodeString::fromUTF8(text);
    for (std::int32_t at = 0; at < whole.length(); at = whole.moveIndex32(at, 1)) {
        const UChar32 c = whole.char32At(at);
        cases.upper = cases.upper || u_isUUppercase(c) || u_istitle(c);
        cases.lower = cases.lower || u_isULowercase(c);
    }
    return cases;
}

}  // namespace

std::vector<std::string> word_runs(const std::string& text) {
    static const re2::RE2 word(R"(([\pL\pN_\pM]+))");
    std::vector<std::string> words;
    re2::StringPiece rest(text);
    std::string found;
    while (re2::RE2::FindAndConsume(&rest, word, &found)) words.push_back(found);
    return words;
}

std::vector<std::string> spaced_words(const std::string& text) {
    static const re2::RE2 word(R"(([^\s]+))"), bare(R"(^[\pP\pS]*(.*?)[\pP\pS]*$)");
    std::vector<std::string> words;
    re2::StringPiece rest(text);
    std::string found, inner;
    while (re2::RE2::FindAndConsume(&rest, word, &found))
        if (re2::RE2::FullMatch(found, bare, &inner) && !inner.empty()) words.push_back(inner);
    return words;
}

int count_sentences(const std::string& text) {
    UErrorCode status = U_ZERO_ERROR;
    const std::unique_ptr<icu::BreakIterator> breaks(
        icu::BreakIterator::createSentenceInstance(icu::Locale::getEnglish(), status));
    if (U_FAILURE(status)) throw core::io_error(std::string("ICU has no sentence boundaries: ") + u_errorName(status));
    const icu::UnicodeString whole = icu::UnicodeString::fromUTF8(text);
    breaks->setText(whole);
    int count = 0;
    for (std::int32_t begin = breaks->first(), end = breaks->next(); end != icu::BreakIterator::DONE;
         begin = end, end = breaks->next()) {
        bool says = false;
        for (std::int32_t i = begin; i < end; ++i) says = says || u_isalnum(whole.char32At(i));
        count += says ? 1 : 0;
    }
    return count;
}

std::string lower_case(const std::string& text) {
    std::string result;
    icu::UnicodeString::fromUTF8(text).toLower(icu::Locale::getRoot()).toUTF8String(result);
    return result;
}

bool all_upper(const std::string& text) {
    const Cases cases = cases_of(text);
    return cases.upper && !cases.lower;
}

bool all_lower(const std::string& text) {
    const Cases cases = cases_of(text);
    return cases.lower && !cases.upper;
}

std::string language_of(const std::string& text) {
    CLD2::CLDHints hints{nullptr, nullptr, CLD2::UNKNOWN_ENCODING, CLD2::UNKNOWN_LANGUAGE};
    CLD2::Language languages[3];
    int percents[3], bytes = 0, valid = 0;
    double scores[3];
    bool reliable = false;
    const CLD2::Language found = CLD2::ExtDetectLanguageSummaryCheckUTF8(
        text.data(), static_cast<int>(text.size()), true, &hints, CLD2::kCLDFlagBestEffort, languages, percents, scores,
        nullptr, &bytes, &reliable, &valid);
    if (found == CLD2::UNKNOWN_LANGUAGE) return {};
    const std::string code = CLD2::LanguageCode(found);
    if (code == "zh") return "zh-cn";
    if (code == "zh-Hant") return "zh-tw";
    if (code == "iw") return "he";
    if (code == "nb") return "no";
    return code == "un" ? std::string() : code;
}

bool has_word(const std::string& text, const std::string& word) {
    const icu::UnicodeString where = icu::UnicodeString::fromUTF8(lower_case(text));
    const icu::UnicodeString what = icu::UnicodeString::fromUTF8(lower_case(word));
    if (what.isEmpty()) return false;
    for (std::int32_t at = where.indexOf(what); at >= 0; at = where.indexOf(what, at + 1)) {
        const std::int32_t end = at + what.length();
        const bool begins = at == 0 || !word_character(where.char32At(where.moveIndex32(at, -1)));
        if (begins && (end == where.length() || !word_character(where.char32At(end)))) return true;
    }
    return false;
}

int count_matches(const std::string& text, const std::string& pattern, bool literal) {
    re2::RE2::Options options;
    options.set_case_sensitive(false);
    options.set_literal(literal);
    options.set_log_errors(false);
    const re2::RE2 expression(pattern, options);
    if (!expression.ok()) return literal ? 0 : count_matches(text, pattern, true);
    int count = 0;
    re2::StringPiece rest(text), match;
    for (std::size_t at = 0;
         at <= text.size() && expression.Match(text, at, text.size(), re2::RE2::UNANCHORED, &match, 1);) {
        ++count;
        const auto end = static_cast<std::size_t>(match.data() - text.data()) + match.size();
        at = match.empty() ? end + 1 : end;
    }
    return count;
}

}  // namespace scale::quality
