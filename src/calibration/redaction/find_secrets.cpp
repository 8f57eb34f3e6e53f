// Secrets that are known by where they stand or by looking random.

#include <algorithm>
#include <array>
#include <cmath>

#include "calibration/redaction/finding.h"
#include "calibration/redaction/patterns.h"

namespace scale::calibration {

namespace {

constexpr std::size_t random_length = 24;      // shorter strings say too little about whether they are random
constexpr std::size_t random_hex_length = 32;  // 128 bits

bool is_hex(char c) {
    return is_digit_byte(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_run_byte(char c) {
    return (is_word_byte(c) && (c & 0x80) == 0) || c == '+' || c == '_' || c == '-' || c == '=';
}

// Bits a character.
double entropy(std::string_view text) {
    std::array<int, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const int count : counts)
        if (count > 0) bits -= count * std::log2(static_cast<double>(count) / static_cast<double>(text.size()));
    return bits / static_cast<double>(text.size());
}

int class_of(char c) {
    if (is_digit_byte(c)) return 0;
    if (c >= 'a' && c <= 'z') return 1;
    return c >= 'A' && c <= 'Z' ? 2 : 3;
}

// A random string of letters and digits changes between lower case, upper case and digits at 62 % of its places, an
// identifier in camel case at about 20 %.
double class_changes(std::string_view text) {
    int changes = 0;
    for (std::size_t i = 1; i < text.size(); ++i) changes += class_of(text[i]) != class_of(text[i - 1]) ? 1 : 0;
    return changes / static_cast<double>(text.size() - 1);
}

bool is_uuid(std::string_view run) {
    static const re2::RE2 pattern("(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}");
    return re2::RE2::FullMatch({run.data(), run.size()}, pattern);
}

bool looks_random_hex(std::string_view run) {
    if (run.size() < random_hex_length || !std::all_of(run.begin(), run.end(), is_hex)) return false;
    const auto digits = std::count_if(run.begin(), run.end(), is_digit_byte);
    return digits >= 4 && static_cast<std::size_t>(digits) + 4 <= run.size() && entropy(run) > 3.0;
}

bool looks_random(std::string_view run) {
    if (run.size() < random_length || is_uuid(run)) return false;
    std::array<int, 4> classes{};
    for (const char c : run) ++classes[static_cast<std::size_t>(class_of(c))];
    return classes[0] >= 2 && classes[1] >= 3 && classes[2] >= 3 && entropy(run) > 3.8 && class_changes(run) > 0.38;
}

std::string hex_like(std::string_view value, KeyedStream& stream) {
    const bool upper = std::any_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'F'; });
    std::string text(8, '0');
    while (text.size() < value.size()) text += (upper ? "0123456789ABCDEF" : "0123456789abcdef")[stream.below(16)];
    return text;
}

// What a word after "password:" needs to be taken for one: code has identifiers and calls there, prose has words.
bool is_secret_value(std::string_view value) {
    const bool digit = std::any_of(value.begin(), value.end(), is_digit_byte);
    const bool letter =
        std::any_of(value.begin(), value.end(), [](char c) { return is_word_byte(c) && !is_digit_byte(c); });
    const bool special = value.find_first_of("!@#$%^&*+?~") != std::string_view::npos;
    return value.size() >= 6 && letter && (digit || special);
}

}  // namespace

void find_assigned_secrets(std::string_view text, Findings& found) {
    static const re2::RE2 pattern(
        "(?i)(?:pass(?:word|wd|phrase|code)?|pwd|secret(?:[_ -]?key)?|api[_ -]?key|access[_ -]?key|private[_ -]?key|"
        "(?:auth|access|refresh|bearer|api)[_ -]?token|client[_-]?secret|token)"
        R"(["']?\s{0,3}(?::|=|\bis\b)\s{0,3}["']?([^\s"'`,;<>(){}\[\]]+))"
        "|(?i)bearer[ ]+([A-Za-z0-9._~+/=-]+)");
    each_match<3>(pattern, text, [&](const std::string_view* match) {
        std::string_view value = match[1].empty() ? match[2] : match[1];
        while (!value.empty() && (value.back() == '.' || value.back() == '!' || value.back() == '?'))
            value.remove_suffix(1);
        if (value.size() > 512 || !is_secret_value(value)) return;
        const std::size_t begin = offset_in(text, value);
        const bool ours = is_marked_secret(value.substr(0, secret_mark.size()));
        found.push_back({begin, begin + value.size(), Sensitive::assigned_secret, ours ? nullptr : secret_like});
    });
}

void find_high_entropy(std::string_view text, Findings& found) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (!is_run_byte(text[at])) {
            ++at;
            continue;
        }
        std::size_t end = at;
        while (end < text.size() && is_run_byte(text[end])) ++end;
        std::string_view run = text.substr(at, end - at);
        // "key=value": the value is what may be random.
        if (const auto equals = run.find('='); equals != std::string_view::npos && equals + 3 < run.size())
            run.remove_prefix(equals + 1);
        const std::size_t begin = offset_in(text, run);
        if (looks_random_hex(run)) {
            found.push_back({begin, end, Sensitive::high_entropy, run.starts_with("00000000") ? nullptr : hex_like});
        } else if (looks_random(run)) {
            const bool ours = is_marked_secret(run.substr(0, secret_mark.size()));
            found.push_back({begin, end, Sensitive::high_entropy, ours ? nullptr : secret_like});
        }
        at = end;
    }
}

}  // namespace scale::calibration
