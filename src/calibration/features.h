// What a request looks like, apart from its topic: its format and its length. Both are read off the text by plain
// rules, so that a person can see why a request is in its stratum.
//
// Formats, in the order in which the first that holds names the stratum:
//   tools       declares, calls or answers tools
//   json        asks for JSON by response_format, or the text speaks of or holds JSON
//   code        a fenced block, or at least two lines that look like source
//   table       at least two lines with two or more '|', or with tabs
//   math        TeX, arithmetic between numbers, or a "how many" question with two numbers
//   list        at least two lines that begin with a bullet or a number
//   multi-turn  at least two messages of the user
//   plain       none of these
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "calibration/request.h"

namespace scale::calibration {

enum class Format : std::uint8_t { tools, json, code, table, math, list, multi_turn, plain };
enum class Length : std::uint8_t { brief, medium, extended, very_long };

std::string_view format_name(Format format);  // "multi-turn"
std::string_view length_name(Length length);  // "short": under 256 bytes; "medium": 1 KiB; "long": 4 KiB; "very long"

Format format_of(const Request& request);

// By the bytes of prompt and answer. Tokens are counted only for chosen samples, since the tokenizer is the model's.
Length length_of(const Request& request);

// The rules, one by one.
bool looks_like_json(std::string_view text);
bool looks_like_code(std::string_view text);
bool looks_like_table(std::string_view text);
bool looks_like_math(std::string_view text);
bool looks_like_list(std::string_view text);

}  // namespace scale::calibration
