// Text: UTF-8, numbers for people, the nearest of a list of names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scale::core {

bool is_valid_utf8(std::string_view text);

// Splits on '\n'; a last line without one counts, an empty last one does not.
std::vector<std::string_view> split_lines(std::string_view text);

std::string to_lower(std::string_view text);  // ASCII only
std::string trimmed(std::string_view text);

// The entry of `known` at the smallest edit distance, or "" where even that is over a third of the word's length + 1.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

std::string human_bytes(std::uint64_t bytes);  // "259.9 MiB"
std::string human_duration(double seconds);    // "3 min 20 s"

}  // namespace scale::core
