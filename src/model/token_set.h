// Token sequences as plain data: what stage A keeps of the traffic and what the quantiser and the gate run.
//
// Format: one JSON object a line, {"id": text, "stratum": text, "text": text, "tokens": [number, …]}, in canonical
// bytes, so that equal sets are equal files. `text` is what the tokens spell (the templated request), `stratum` is
// "format / script / topic / length".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace scale::model {

struct TokenSequence {
    std::string id;
    std::string stratum;
    std::string text;
    std::vector<std::int32_t> tokens;  // at least one; each ≥ 0
};

std::string to_json_lines(const std::vector<TokenSequence>& sequences);

// Throws an input error naming `source`, the line and what is wrong there. Refuses more than 100,000 sequences, more
// than 2^24 tokens in one of them, and token numbers that are negative or not integers.
std::vector<TokenSequence> parse_token_set(std::string_view json_lines, const std::string& source);

std::uint64_t count_tokens(const std::vector<TokenSequence>& sequences);

}  // namespace scale::model
