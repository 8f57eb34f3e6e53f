#include "calibration/redaction/pseudonym.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "calibration/redaction/checksums.h"

namespace scale::calibration {

namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
bool is_alnum(char c) {
    return is_digit(c) || is_lower(c) || is_upper(c);
}

char hex_like(char original, KeyedStream& stream) {
    const char value = "0123456789abcdef"[stream.below(16)];
    return is_upper(original) && is_lower(value) ? static_cast<char>(value - 'a' + 'A') : value;
}

// An octet of the same number of digits.
std::string octet_like(std::size_t digits, KeyedStream& stream) {
    if (digits == 1) return std::to_string(stream.below(10));
    if (digits == 2) return std::to_string(10 + stream.below(90));
    return std::to_string(100 + stream.below(156));
}

std::vector<std::string_view> pieces(std::string_view text, char separator) {
    std::vector<std::string_view> found;
    for (;;) {
        const auto end = text.find(separator);
        found.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return found;
        text.remove_prefix(end + 1);
    }
}

}  // namespace

int KeyedStream::below(int bound) {
    const int limit = 256 - 256 % bound;
    for (;;) {
        if (used_ == block_.size()) {
            const std::string input = message_ + '\0' + std::to_string(counter_++);
            unsigned size = 0;
            if (!HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()),
                      reinterpret_cast<const unsigned char*>(input.data()), input.size(), block_.data(), &size))
                throw std::logic_error("HMAC-SHA-256 is not available");
            used_ = 0;
        }
        const int value = block_[used_++];
        if (value < limit) return value % bound;
    }
}

char KeyedStream::like(char original) {
    if (is_digit(original)) return digit();
    if (is_lower(original)) return static_cast<char>('a' + below(26));
    if (is_upper(original)) return static_cast<char>('A' + below(26));
    return original;
}

std::string marked_like(std::string_view value, std::string_view mark, KeyedStream& stream) {
    std::string text;
    std::size_t marked = 0;
    for (const char c : value) {
        const bool counts = is_alnum(c);
        text += counts && marked < mark.size() ? mark[marked++] : stream.like(c);
    }
    return text;
}

std::string secret_like(std::string_view value, KeyedStream& stream) {
    std::string text;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const bool continues = (value[i] & 0xc0) == 0x80;  // of a character beyond ASCII, which becomes one letter
        if (text.size() < secret_mark.size())
            text += secret_mark[text.size()];
        else if (!continues)
            text += (value[i] & 0x80) != 0 ? stream.like('a') : stream.like(value[i]);
    }
    return text;
}

bool is_marked_secret(std::string_view value) {
    return !value.empty() && value.starts_with(secret_mark.substr(0, value.size()));
}

std::string email_like(std::string_view value, KeyedStream& stream) {
    const std::string_view kept = value.substr(0, value.rfind('.'));
    std::string text;
    for (const char c : kept) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0xc0)
            text += stream.like('a');
        else if (byte < 0x80)
            text += stream.like(c);
    }
    return text + ".example";
}

std::string ipv4_like(std::string_view value, KeyedStream& stream) {
    const auto octets = pieces(value, '.');
    const std::string second = stream.below(2) == 0 ? "18" : "19";
    return "198." + second + "." + octet_like(octets.at(2).size(), stream) + "." +
           octet_like(octets.at(3).size(), stream);
}

std::string ipv6_like(std::string_view value, KeyedStream& stream) {
    const auto groups = pieces(value, ':');
    std::string text = "2001:db8";
    // A gap right behind the first group stays, so the prefix of two groups makes the address one group longer.
    const std::size_t first = groups.size() > 1 && !groups[1].empty() ? 2 : 1;
    for (std::size_t i = first; i < groups.size(); ++i) {
        text += ':';
        if (groups[i].find('.') != std::string_view::npos)
            text += ipv4_like(groups[i], stream);
        else
            for (const char c : groups[i]) text += hex_like(c, stream);
    }
    return text;
}

std::string iban_like(std::string_view value, KeyedStream& stream) {
    std::string text;
    std::size_t place = 0;
    for (const char c : value) {
        const bool counts = is_alnum(c);
        if (counts && place < 2)
            text += c;
        else if (counts && place < 4)
            text += '0';
        else
            text += stream.like(c);
        place += counts ? 1 : 0;
    }
    return text;
}

std::string card_like(std::string_view value, KeyedStream& stream) {
    std::string text = zeros_like(value, stream);
    std::string digits;
    std::copy_if(text.begin(), text.end(), std::back_inserter(digits), is_digit);
    digits.pop_back();
    text[text.find_last_of("0123456789")] = luhn_check_digit(digits);
    return text;
}

std::string zeros_like(std::string_view value, KeyedStream& stream) {
    return marked_like(value, "000", stream);
}

}  // namespace scale::calibration
