// The number that a written solution ends with.
#pragma once

#include <optional>
#include <string>

namespace scale::quality {

// "1,234.50" → "1234.5": without thousands' commas, currency signs, leading zeros, trailing zeros and point, so that
// equal numbers are equal texts. Nothing where it is no number.
std::optional<std::string> normal_number(const std::string& text);

// strict: the number after the last "####", as GSM8K's solutions end (Cobbe et al., 2021). flexible: the same, or else
// the last number of the text.
std::optional<std::string> final_number(const std::string& text, bool strict);

}  // namespace scale::quality
