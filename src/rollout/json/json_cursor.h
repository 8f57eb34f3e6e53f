// Reads JSON (RFC 8259) in one pass without building anything: a caller takes the values that it wants and passes over
// the rest, all of which is checked: grammar, UTF-8, paired surrogates, depth. For what stands on every request's way,
// where a tree of allocated nodes costs more than the request itself.
//
//   JsonCursor cursor(text);
//   if (cursor.enter_object())
//       for (std::string_view key; cursor.next_member(key);)
//           key == "id" ? cursor.read_string(id) : cursor.skip();
//   if (!cursor.at_end()) …  // malformed, or something stands behind the value
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace scale::rollout {

class JsonCursor {
  public:
    enum class Kind : std::uint8_t { object, array, string, number, boolean, null, none };

    static constexpr std::size_t deepest = 64;

    explicit JsonCursor(std::string_view text) : text_(text) {}

    // Of the value ahead; none where there is no beginning of one.
    Kind peek();

    // Each takes the value ahead. False where it is of another kind (it is left then) or malformed (see failed).
    bool enter_object();
    bool enter_array();
    bool read_string(std::string& text);
    bool read_boolean(bool& value);
    bool read_integer(std::int64_t& value);  // false for fractions, exponents and what does not fit
    bool skip();

    // After enter_…: the next member, whose value must then be taken, or the end, which leaves the object. A key is
    // valid until the next call.
    bool next_member(std::string_view& key);
    bool next_element();

    // The text was one valid value and is used up.
    bool at_end();
    bool failed() const { return failed_; }
    bool too_deep() const { return too_deep_; }
    std::size_t position() const { return at_; }

  private:
    bool fail();
    char look();
    bool push(bool is_object);
    bool after_value();
    bool pass_string(bool& has_escapes);
    bool pass_escape();
    bool pass_utf8();
    bool pass_number();
    bool pass_word(std::string_view word);
    bool read_hex(std::uint32_t& unit);

    std::string_view text_;
    std::size_t at_ = 0;
    std::size_t depth_ = 0;
    std::uint64_t objects_ = 0;  // bit d: level d is an object
    bool first_ = true;          // no member or element of the innermost level yet
    bool failed_ = false;
    bool too_deep_ = false;
    std::string key_;
};

// The content of a valid string without its quotes, with its escapes resolved.
void append_unescaped(std::string_view content, std::string& text);

// The text as a JSON string, quotes included. It must be valid UTF-8.
void append_quoted(std::string_view text, std::string& json);

}  // namespace scale::rollout
