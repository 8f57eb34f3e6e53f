#include "rollout/evidence/state_archive.h"

#include "core/error.h"

namespace scale::rollout {

namespace {

constexpr std::string_view digits = "0123456789abcdef";

bool is_hexadecimal(std::string_view text) {
    return text.size() % 2 == 0 && text.find_first_not_of(digits) == std::string_view::npos;
}

std::vector<std::uint64_t> in_order(const UnitSet& set) {
    std::vector<std::uint64_t> units(set.begin(), set.end());
    std::sort(units.begin(), units.end());
    return units;
}

const std::vector<std::uint64_t>& kept_order(const UnitSet& set, const UnitSet*& of,
                                             std::vector<std::uint64_t>& order) {
    if (of != &set || order.size() != set.size()) order = in_order(set);
    of = &set;
    return order;
}

}  // namespace

const std::vector<std::uint64_t>& StateWriter::order_of(const UnitSet& set) {
    return kept_order(set, ordered_, order_);
}

const std::vector<std::uint64_t>& StateReader::order_of(const UnitSet& set) {
    return kept_order(set, ordered_, order_);
}

void StateWriter::number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
}

void StateWriter::put(const std::string& text) {
    const bool packed = is_hexadecimal(text);
    number(text.size() * 2 + (packed ? 1 : 0));
    if (!packed) {
        bytes_ += text;
        return;
    }
    for (std::size_t i = 0; i < text.size(); i += 2)
        bytes_ += static_cast<char>(digits.find(text[i]) << 4 | digits.find(text[i + 1]));
}

void StateWriter::sorted(const std::vector<std::uint64_t>& units) {
    number(units.size());
    std::uint64_t last = 0;
    for (const std::uint64_t unit : units) {
        number(unit - last);
        last = unit;
    }
}

void StateWriter::put(const UnitSet& set) {
    sorted(in_order(set));
}

void StateWriter::subset(const UnitSet& set, const UnitSet& of) {
    std::vector<std::uint64_t> beyond;
    for (const std::uint64_t unit : set)
        if (!of.contains(unit)) beyond.push_back(unit);
    std::sort(beyond.begin(), beyond.end());
    unsigned byte = 0;
    unsigned bits = 0;
    for (const std::uint64_t unit : order_of(of)) {
        byte |= (set.contains(unit) ? 1u : 0u) << bits;
        if (++bits < 8) continue;
        bytes_ += static_cast<char>(byte);
        byte = bits = 0;
    }
    if (bits > 0) bytes_ += static_cast<char>(byte);
    sorted(beyond);
}

void StateReader::damaged() {
    throw core::input_error("the state does not fit the checkpoint's format", "a state as it was written");
}

std::string_view StateReader::take(std::size_t size) {
    if (size > rest_.size()) damaged();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
}

std::uint64_t StateReader::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = static_cast<unsigned char>(take(1).front());
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return value;
    }
    damaged();
}

// Every item takes a byte at least.
std::size_t StateReader::count() {
    const std::uint64_t items = number();
    if (items > rest_.size()) damaged();
    return static_cast<std::size_t>(items);
}

void StateReader::get(std::string& text) {
    const std::uint64_t coded = number();
    const std::uint64_t size = coded / 2;
    if (coded % 2 == 0) {
        text = take(size);
        return;
    }
    if (size % 2 != 0) damaged();
    const std::string_view packed = take(size / 2);
    text.clear();
    text.reserve(size);
    for (const char c : packed) {
        const auto byte = static_cast<unsigned char>(c);
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
}

void StateReader::get(core::Json& json) {
    std::string text;
    get(text);
    json = core::parse_json(text, "the checkpoint");
}

std::vector<std::uint64_t> StateReader::sorted() {
    std::vector<std::uint64_t> units(count());
    std::uint64_t last = 0;
    for (std::uint64_t& unit : units) unit = last += number();
    return units;
}

void StateReader::get(UnitSet& set) {
    const std::vector<std::uint64_t> units = sorted();
    set = UnitSet(units.begin(), units.end());
}

void StateReader::subset(UnitSet& set, const UnitSet& of) {
    set.clear();
    const std::vector<std::uint64_t>& larger = order_of(of);
    const std::string_view bits = take((larger.size() + 7) / 8);
    for (std::size_t i = 0; i < larger.size(); ++i)
        if ((static_cast<unsigned char>(bits[i / 8]) >> (i % 8) & 1u) != 0) set.insert(larger[i]);
    for (const std::uint64_t unit : sorted()) set.insert(unit);
}

void StateReader::expect_end() const {
    if (!rest_.empty()) damaged();
}

}  // namespace scale::rollout
