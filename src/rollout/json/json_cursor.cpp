#include "rollout/json/json_cursor.h"

#include <array>
#include <charconv>
#include <cstring>

namespace scale::rollout {

namespace {

constexpr std::array<bool, 256> make_plain_table() {
    std::array<bool, 256> table{};
    for (int c = 0x20; c < 0x80; ++c) table[static_cast<std::size_t>(c)] = c != '"' && c != '\\';
    return table;
}
// Bytes that stand for themselves within a string and end nothing.
constexpr auto plain = make_plain_table();

bool is_plain(char c) {
    return plain[static_cast<unsigned char>(c)];
}

// Eight bytes at once: none below 0x20, above 0x7f, '"' or '\\' (Mycroft's test for a zero byte, on each difference).
bool all_plain(std::uint64_t word) {
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t high = 0x8080808080808080u;
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t slash = word ^ (ones * '\\');
    const std::uint64_t found = (word - ones * 0x20) | word | (quote - ones) | (slash - ones);
    return (found & high) == 0;
}

std::size_t after_plain(std::string_view text, std::size_t at) {
    while (at + 8 <= text.size()) {
        std::uint64_t word = 0;
        std::memcpy(&word, text.data() + at, 8);
        if (!all_plain(word)) break;
        at += 8;
    }
    while (at < text.size() && is_plain(text[at])) ++at;
    return at;
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

void append_utf8(std::uint32_t code, std::string& text) {
    const auto tail = [&](int shift) { text += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xc0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xe0 | (code >> 12));
        tail(6);
        tail(0);
    } else {
        text += static_cast<char>(0xf0 | (code >> 18));
        tail(12);
        tail(6);
        tail(0);
    }
}

std::uint32_t hex_unit(std::string_view digits) {
    std::uint32_t unit = 0;
    std::from_chars(digits.data(), digits.data() + 4, unit, 16);
    return unit;
}

}  // namespace

bool JsonCursor::fail() {
    failed_ = true;
    return false;
}

// The next byte that is not white space; 0 at the end, which begins no value.
char JsonCursor::look() {
    while (at_ < text_.size()) {
        const char c = text_[at_];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
        ++at_;
    }
    return '\0';
}

JsonCursor::Kind JsonCursor::peek() {
    if (failed_) return Kind::none;
    switch (const char c = look(); c) {
        case '{':
            return Kind::object;
        case '[':
            return Kind::array;
        case '"':
            return Kind::string;
        case 't':
        case 'f':
            return Kind::boolean;
        case 'n':
            return Kind::null;
        default:
            return c == '-' || is_digit(c) ? Kind::number : Kind::none;
    }
}

bool JsonCursor::push(bool is_object) {
    if (depth_ == deepest) {
        too_deep_ = true;
        return fail();
    }
    const std::uint64_t bit = std::uint64_t{1} << depth_++;
    objects_ = is_object ? objects_ | bit : objects_ & ~bit;
    first_ = true;
    ++at_;
    return true;
}

bool JsonCursor::enter_object() {
    return peek() == Kind::object && push(true);
}
bool JsonCursor::enter_array() {
    return peek() == Kind::array && push(false);
}

bool JsonCursor::after_value() {
    first_ = false;
    return true;
}

bool JsonCursor::next_element() {
    if (failed_) return false;
    const char c = look();
    if (c == ']') {
        ++at_;
        --depth_;
        after_value();
        return false;
    }
    if (first_) return c != '\0' || fail();
    if (c != ',') return fail();
    ++at_;
    return true;
}

bool JsonCursor::next_member(std::string_view& key) {
    if (failed_) return false;
    char c = look();
    if (c == '}') {
        ++at_;
        --depth_;
        after_value();
        return false;
    }
    if (!first_) {
        if (c != ',') return fail();
        ++at_;
        c = look();
    }
    if (c != '"') return fail();
    const std::size_t start = at_ + 1;
    bool has_escapes = false;
    if (!pass_string(has_escapes)) return false;
    key = text_.substr(start, at_ - 1 - start);
    if (has_escapes) {
        key_.clear();
        append_unescaped(key, key_);
        key = key_;
    }
    if (look() != ':') return fail();
    ++at_;
    return true;
}

bool JsonCursor::read_string(std::string& text) {
    if (peek() != Kind::string) return false;
    const std::size_t start = at_ + 1;
    bool has_escapes = false;
    if (!pass_string(has_escapes)) return false;
    const std::string_view content = text_.substr(start, at_ - 1 - start);
    if (has_escapes) {
        text.clear();
        append_unescaped(content, text);
    } else {
        text.assign(content);
    }
    return after_value();
}

bool JsonCursor::read_boolean(bool& value) {
    if (peek() != Kind::boolean) return false;
    value = text_[at_] == 't';
    return pass_word(value ? "true" : "false") && after_value();
}

bool JsonCursor::read_integer(std::int64_t& value) {
    if (peek() != Kind::number) return false;
    const std::size_t start = at_;
    if (!pass_number()) return false;
    after_value();
    const char* end = text_.data() + at_;
    const auto parsed = std::from_chars(text_.data() + start, end, value);
    return parsed.ec == std::errc() && parsed.ptr == end;
}

bool JsonCursor::skip() {
    const std::size_t outer = depth_;
    do {
        switch (peek()) {
            case Kind::object:
                if (!push(true)) return false;
                break;
            case Kind::array:
                if (!push(false)) return false;
                break;
            case Kind::string: {
                bool has_escapes = false;
                if (!pass_string(has_escapes)) return false;
                break;
            }
            case Kind::number:
                if (!pass_number()) return false;
                break;
            case Kind::boolean:
                if (!pass_word(text_[at_] == 't' ? "true" : "false")) return false;
                break;
            case Kind::null:
                if (!pass_word("null")) return false;
                break;
            case Kind::none:
                return fail();
        }
        if (depth_ == outer) break;
        const bool entered = first_ && (text_[at_ - 1] == '{' || text_[at_ - 1] == '[');
        if (!entered) after_value();
        // To the next value, leaving the levels that end here.
        while (depth_ > outer) {
            std::string_view key;
            const bool in_object = ((objects_ >> (depth_ - 1)) & 1) != 0;
            if (in_object ? next_member(key) : next_element()) break;
            if (failed_) return false;
        }
    } while (depth_ > outer);
    return after_value();
}

bool JsonCursor::at_end() {
    return !failed_ && depth_ == 0 && !first_ && look() == '\0' && at_ == text_.size();
}

bool JsonCursor::pass_string(bool& has_escapes) {
    ++at_;
    for (;;) {
        at_ = after_plain(text_, at_);
        if (at_ == text_.size()) return fail();
        const char c = text_[at_];
        if (c == '"') {
            ++at_;
            return true;
        }
        if (c == '\\') {
            has_escapes = true;
            if (!pass_escape()) return false;
        } else if (static_cast<unsigned char>(c) < 0x80 || !pass_utf8()) {
            return fail();  // a control character, or no UTF-8
        }
    }
}

bool JsonCursor::pass_escape() {
    if (++at_ == text_.size()) return fail();
    const char c = text_[at_++];
    if (c != 'u') return std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos || fail();
    std::uint32_t unit = 0;
    if (!read_hex(unit)) return false;
    if (unit < 0xd800 || unit > 0xdfff) return true;
    // The first half of a pair needs its second; one alone stands for no character.
    if (unit > 0xdbff || text_.substr(at_, 2) != "\\u") return fail();
    at_ += 2;
    return read_hex(unit) && ((unit >= 0xdc00 && unit <= 0xdfff) || fail());
}

bool JsonCursor::read_hex(std::uint32_t& unit) {
    if (text_.size() - at_ < 4) return fail();
    const char* end = text_.data() + at_ + 4;
    const auto parsed = std::from_chars(text_.data() + at_, end, unit, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end) return fail();
    at_ += 4;
    return true;
}

// Well-formed sequences of Unicode 15, table 3-7.
bool JsonCursor::pass_utf8() {
    const auto byte = [this](std::size_t offset) -> unsigned {
        return at_ + offset < text_.size() ? static_cast<unsigned char>(text_[at_ + offset]) : 0u;
    };
    const auto is_tail = [](unsigned value) { return (value & 0xc0) == 0x80; };
    const unsigned lead = byte(0);
    const unsigned second = byte(1);
    std::size_t length = 0;
    if (lead >= 0xc2 && lead <= 0xdf) {
        length = 2;
    } else if (lead >= 0xe0 && lead <= 0xef) {
        if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f)) return false;
        length = 3;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
        if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) return false;
        length = 4;
    } else {
        return false;
    }
    for (std::size_t i = 1; i < length; ++i)
        if (!is_tail(byte(i))) return false;
    at_ += length;
    return true;
}

bool JsonCursor::pass_number() {
    const auto digit_ahead = [this] { return at_ < text_.size() && is_digit(text_[at_]); };
    const auto pass_digits = [&] {
        if (!digit_ahead()) return fail();
        while (digit_ahead()) ++at_;
        return true;
    };
    if (text_[at_] == '-') ++at_;
    if (at_ < text_.size() && text_[at_] == '0') {
        ++at_;
    } else if (!pass_digits()) {
        return false;
    }
    if (at_ < text_.size() && text_[at_] == '.') {
        ++at_;
        if (!pass_digits()) return false;
    }
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
        ++at_;
        if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
        if (!pass_digits()) return false;
    }
    return true;
}

bool JsonCursor::pass_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return fail();
    at_ += word.size();
    return true;
}

void append_unescaped(std::string_view content, std::string& text) {
    while (!content.empty()) {
        const auto slash = content.find('\\');
        text.append(content.substr(0, slash));
        if (slash == std::string_view::npos) return;
        content.remove_prefix(slash + 1);
        const char c = content.front();
        content.remove_prefix(1);
        static constexpr std::string_view letters = "bfnrt";
        static constexpr std::string_view meanings = "\b\f\n\r\t";
        if (c != 'u') {
            const auto found = letters.find(c);
            text += found == std::string_view::npos ? c : meanings[found];
            continue;
        }
        std::uint32_t code = hex_unit(content);
        content.remove_prefix(4);
        if (code >= 0xd800 && code <= 0xdbff) {
            code = 0x10000 + ((code - 0xd800) << 10) + (hex_unit(content.substr(2)) - 0xdc00);
            content.remove_prefix(6);
        }
        append_utf8(code, text);
    }
}

void append_quoted(std::string_view text, std::string& json) {
    static constexpr char digits[] = "0123456789abcdef";
    json += '"';
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t end = after_plain(text, at);
        while (end < text.size() && static_cast<unsigned char>(text[end]) >= 0x80) end = after_plain(text, end + 1);
        json.append(text, at, end - at);
        if (end == text.size()) break;
        const char c = text[end];
        at = end + 1;
        if (c == '"' || c == '\\') {
            json += '\\';
            json += c;
        } else if (c == '\n') {
            json += "\\n";
        } else {
            json += "\\u00";
            json += digits[static_cast<unsigned char>(c) >> 4];
            json += digits[static_cast<unsigned char>(c) & 15];
        }
    }
    json += '"';
}

}  // namespace scale::rollout
