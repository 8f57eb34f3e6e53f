// The writing system of a text, by its letters.
#pragma once

#include <cstdint>
#include <string_view>

namespace scale::calibration {

enum class Script : std::uint8_t {
    latin,
    cyrillic,
    greek,
    arabic,
    hebrew,
    indic,     // Devanagari and the other Brahmic scripts of India
    thai,      // with Lao, Khmer and Burmese
    han,       // Chinese
    japanese,  // at least one letter in twenty is kana
    hangul,
    other,
    none,  // no letters
};

std::string_view script_name(Script script);

// The script of most letters. `text` is UTF-8; what is not is passed over.
Script script_of(std::string_view text);

// The code point at `at`, which is moved behind it; 0xfffd for a broken byte.
char32_t next_code_point(std::string_view text, std::size_t& at);

// Estimated tokens of a text: bytes over the bytes that a token of that script usually has (4 for Latin, 2 to 3
// elsewhere). Only to weigh strata before the tokenizer has run.
double estimated_tokens(std::size_t bytes, Script script);

}  // namespace scale::calibration
