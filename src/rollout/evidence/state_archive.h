// The state of the evidence as bytes, and back: each class names its members once, in exchange_state(archive), for both
// ways. Equal states give equal bytes.
//
//   whole numbers   LEB128, signed ones zigzag; enumerations and booleans likewise
//   real numbers    IEEE 754, little-endian
//   texts           length · 2, and 1 more for lower-case hexadecimal digits, which take half a byte each
//   containers      the number of items, then the items; maps and sets in the order of their keys
//   UnitSet         the differences between sorted numbers
//   subset of a set one bit for each member of the larger one, in order, then the UnitSet of what is beyond it
//   records, JSON   their text
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "core/json.h"
#include "rollout/evidence/unit_number.h"
#include "rollout/log/records.h"

namespace scale::rollout {

template <typename T>
concept WholeNumber = std::integral<T> || std::is_enum_v<T>;
template <typename T>
concept LoggedRecord = std::same_as<T, Admit> || std::same_as<T, Feedback>;

class StateWriter {
  public:
    static constexpr bool reading = false;

    template <typename... Values>
    void operator()(Values&... values) {
        (put(values), ...);
    }
    void subset(const UnitSet& set, const UnitSet& of);

    const std::string& bytes() const { return bytes_; }

  private:
    const std::vector<std::uint64_t>& order_of(const UnitSet& set);
    void number(std::uint64_t value);
    void put(const std::string& text);
    void put(const core::Json& json) { put(core::canonical(json)); }
    void put(const UnitSet& set);
    void sorted(const std::vector<std::uint64_t>& units);
    template <WholeNumber Value>
    void put(const Value& value) {
        if constexpr (std::signed_integral<Value>)
            number((static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value < 0 ? -1 : 0));
        else
            number(static_cast<std::uint64_t>(value));
    }
    template <std::floating_point Value>
    void put(const Value& value) {
        using Bits = std::conditional_t<sizeof(Value) == 8, std::uint64_t, std::uint32_t>;
        auto bits = std::bit_cast<Bits>(value);
        for (std::size_t i = 0; i < sizeof bits; ++i, bits >>= 8) bytes_ += static_cast<char>(bits & 0xff);
    }
    template <LoggedRecord Value>
    void put(const Value& record) {
        put(to_json_line(record));
    }
    template <typename Value>
    void put(const std::optional<Value>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <typename Value, std::size_t count>
    void put(std::array<Value, count>& values) {
        for (Value& value : values) put(value);
    }
    template <typename Value>
    void put(std::vector<Value>& values) {
        items(values);
    }
    template <typename Value>
    void put(std::deque<Value>& values) {
        items(values);
    }
    void put(const std::set<std::string>& values) { items(values); }
    template <typename Key, typename Value>
    void put(std::map<Key, Value>& values) {
        number(values.size());
        for (auto& [key, value] : values) {
            put(key);
            put(value);
        }
    }
    template <typename Value>
    requires requires(Value& value, StateWriter& writer) { value.exchange_state(writer); }
    void put(Value& value) { value.exchange_state(*this); }
    template <typename Items>
    void items(Items& values) {
        number(values.size());
        for (auto& value : values) put(value);
    }

    std::string bytes_;
    const UnitSet* ordered_ = nullptr;  // the set whose order is kept, since several are subsets of one
    std::vector<std::uint64_t> order_;
};

// Throws an input error where the bytes are not what a StateWriter made of the same members.
class StateReader {
  public:
    static constexpr bool reading = true;

    explicit StateReader(std::string_view bytes) : rest_(bytes) {}

    template <typename... Values>
    void operator()(Values&... values) {
        (get(values), ...);
    }
    void subset(UnitSet& set, const UnitSet& of);
    void expect_end() const;

  private:
    [[noreturn]] static void damaged();
    const std::vector<std::uint64_t>& order_of(const UnitSet& set);
    std::uint64_t number();
    std::size_t count();  // of items that are still to come
    std::string_view take(std::size_t size);
    void get(std::string& text);
    void get(core::Json& json);
    void get(UnitSet& set);
    std::vector<std::uint64_t> sorted();
    template <WholeNumber Value>
    void get(Value& value) {
        const std::uint64_t coded = number();
        if constexpr (std::signed_integral<Value>)
            value = static_cast<Value>(static_cast<std::int64_t>(coded >> 1) ^ -static_cast<std::int64_t>(coded & 1));
        else
            value = static_cast<Value>(coded);
    }
    template <std::floating_point Value>
    void get(Value& value) {
        using Bits = std::conditional_t<sizeof(Value) == 8, std::uint64_t, std::uint32_t>;
        Bits bits = 0;
        const std::string_view bytes = take(sizeof bits);
        for (std::size_t i = sizeof bits; i-- > 0;)
            bits = static_cast<Bits>(bits << 8) | static_cast<unsigned char>(bytes[i]);
        value = std::bit_cast<Value>(bits);
    }
    template <LoggedRecord Value>
    void get(Value& record) {
        std::string line;
        get(line);
        Record read = from_json_line(line, "the checkpoint");
        if (!std::holds_alternative<Value>(read)) damaged();
        record = std::get<Value>(std::move(read));
    }
    template <typename Value>
    void get(std::optional<Value>& value) {
        bool there = false;
        get(there);
        value.reset();
        if (there) get(value.emplace());
    }
    template <typename Value, std::size_t size>
    void get(std::array<Value, size>& values) {
        for (Value& value : values) get(value);
    }
    template <typename Value>
    void get(std::vector<Value>& values) {
        items(values);
    }
    template <typename Value>
    void get(std::deque<Value>& values) {
        items(values);
    }
    void get(std::set<std::string>& values) {
        values.clear();
        std::string value;
        for (std::size_t left = count(); left > 0; --left) {
            get(value);
            values.insert(value);
        }
    }
    template <typename Key, typename Value>
    void get(std::map<Key, Value>& values) {
        values.clear();
        for (std::size_t left = count(); left > 0; --left) {
            Key key{};
            get(key);
            get(values[key]);
        }
    }
    template <typename Value>
    requires requires(Value& value, StateReader& reader) { value.exchange_state(reader); }
    void get(Value& value) { value.exchange_state(*this); }
    template <typename Items>
    void items(Items& values) {
        values.clear();
        for (std::size_t left = count(); left > 0; --left) get(values.emplace_back());
    }

    std::string_view rest_;
    const UnitSet* ordered_ = nullptr;
    std::vector<std::uint64_t> order_;
};

}  // namespace scale::rollout
