// Pseudonyms: what stands in the place of a sensitive value.
//
// A pseudonym has the shape of the value (a digit for a digit, a letter in the same case for a letter, separators as
// they are), so that a tokenizer and the model's layers see much the same. It is derived by HMAC-SHA-256 from the
// pass's secret, the conversation, the kind and the value: the same value within one conversation gives the same
// pseudonym, and nobody without the secret can link two conversations or test a guess.
//
// Every pseudonym lies in a range that is reserved or never given out (.example, 198.18.0.0/15, a telephone number that
// begins with 000, …). So it can belong to nobody, and redacting a text twice changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace scale::calibration {

// Uniform characters from a key and a message. The same pair gives the same sequence.
class KeyedStream {
  public:
    KeyedStream(std::string_view secret, std::string message) : secret_(secret), message_(std::move(message)) {}

    int below(int bound);  // uniform on [0, bound), bound ≤ 256; unbiased by rejection
    char digit() { return static_cast<char>('0' + below(10)); }
    char like(char original);  // a digit for a digit, a letter of the same case for a letter; others as they are

  private:
    std::string secret_;
    std::string message_;
    std::array<std::uint8_t, 32> block_{};
    std::size_t used_ = 32;
    std::uint32_t counter_ = 0;
};

// Makes the pseudonym of a value.
using Maker = std::string (*)(std::string_view value, KeyedStream& stream);

// The characters of `value` replaced by like ones; of its letters and digits the first become those of `mark`.
std::string marked_like(std::string_view value, std::string_view mark, KeyedStream& stream);

inline constexpr std::string_view secret_mark = "REDACTED";

std::string secret_like(std::string_view value, KeyedStream& stream);  // begins with REDACTED, as far as it is long
bool is_marked_secret(std::string_view value);

std::string email_like(std::string_view value, KeyedStream& stream);  // top-level domain .example (RFC 2606)
std::string ipv4_like(std::string_view value, KeyedStream& stream);   // 198.18.0.0/15 (RFC 2544)
std::string ipv6_like(std::string_view value, KeyedStream& stream);   // 2001:db8::/32 (RFC 3849)
std::string iban_like(std::string_view value, KeyedStream& stream);   // check digits 00, which no IBAN has
std::string card_like(std::string_view value, KeyedStream& stream);   // begins with 000; Luhn holds
std::string zeros_like(std::string_view value, KeyedStream& stream);  // digits that begin with 000

}  // namespace scale::calibration
