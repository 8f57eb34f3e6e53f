// The finders: each appends the places of one family of sensitive values.
//
// All run in time linear in the text whatever it holds: patterns are RE2's (an automaton, no backtracking), and a
// search goes on behind what it has looked at. Bytes beyond ASCII count as letters at the edge of a value.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "calibration/redaction/kinds.h"
#include "calibration/redaction/pseudonym.h"

namespace scale::calibration {

struct Finding {
    std::size_t begin = 0;  // bytes
    std::size_t end = 0;
    Sensitive kind = Sensitive::high_entropy;
    Maker make = nullptr;  // none: the place holds a pseudonym already, and no other finder may touch it
};

using Findings = std::vector<Finding>;

void find_private_keys(std::string_view text, Findings& found);
void find_web_tokens(std::string_view text, Findings& found);
void find_url_credentials(std::string_view text, Findings& found);
void find_vendor_keys(std::string_view text, Findings& found);
void find_assigned_secrets(std::string_view text, Findings& found);
void find_emails(std::string_view text, Findings& found);
void find_ibans(std::string_view text, Findings& found);
void find_cards(std::string_view text, Findings& found);
void find_national_ids(std::string_view text, Findings& found);
void find_ip_addresses(std::string_view text, Findings& found);
void find_phones(std::string_view text, Findings& found);
void find_high_entropy(std::string_view text, Findings& found);

// Letters and digits in ASCII, and every byte beyond it.
constexpr bool is_word_byte(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}
constexpr bool is_digit_byte(char c) {
    return c >= '0' && c <= '9';
}

// Neither side of the place continues a word.
bool stands_alone(std::string_view text, std::size_t begin, std::size_t end);

// One of the words is within `reach` bytes before the place; `words` in lower case.
bool has_context(std::string_view text, std::size_t place, std::size_t reach,
                 const std::vector<std::string_view>& words);

}  // namespace scale::calibration
