// What the terminal behind a stream can show.
#pragma once

#include <string>
#include <string_view>

namespace scale::core {

// Columns of the terminal behind the descriptor; 0 where it is none or does not tell.
int terminal_width(int descriptor);

// Whether to colour what goes there: a terminal other than "dumb", and NO_COLOR is unset or empty (no-color.org).
bool wants_colour(int descriptor);

// Characters (code points) of UTF-8, as a terminal's columns count them but for wide and combining ones.
std::size_t character_count(std::string_view text);
std::string first_characters(std::string_view text, std::size_t count);

}  // namespace scale::core
